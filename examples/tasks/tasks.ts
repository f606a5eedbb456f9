export interface Task {
  readonly id: number;
  readonly title: string;
  readonly by: string;
}

/** What the application is about: a list that everyone shares. */
export class Tasks {
  readonly all: Task[] = [];

  add(title: string, by: string): Task {
    const task = { id: this.all.length + 1, title, by };
    this.all.push(task);
    return task;
  }
}
