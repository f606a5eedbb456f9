/** An object of JSON in which something is expected. Every getter throws with the name of what is not there. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  /** `name` says in errors what the value was to be. */
  constructor(value: unknown, name: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error(`${name} is no object`);
    }
    this.#values = new Map(Object.entries(value));
  }

  /** Undefined where it is absent. */
  value(name: string): unknown {
    return this.#values.get(name);
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw new Error(`"${name}" is no text`);
    return value;
  }

  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== 'number') throw new Error(`"${name}" is no number`);
    return value;
  }

  fields(name: string): Fields {
    return new Fields(this.value(name), `"${name}"`);
  }

  /** Empty where it is absent. */
  list(name: string): readonly unknown[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) throw new Error(`"${name}" is no list`);
    return value;
  }

  /** Of a list of objects. */
  each(name: string): Fields[] {
    return this.list(name).map((value) => new Fields(value, `what is in "${name}"`));
  }
}
