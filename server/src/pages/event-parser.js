/** Server-Sent Events as in the HTML standard, 9.2.6, told one by one; lines end with a line feed here. */
export class EventParser {
  #dispatch;
  #rest = '';
  #event = '';
  #data = [];
  #id = '';
  /** Where to come back to: told by an event, or by a block that has nothing but an id. */
  lastId = '';

  constructor(dispatch) {
    this.#dispatch = dispatch;
  }

  read(chunk) {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === '') this.#end();
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
  }

  #end() {
    this.lastId = this.#id;
    if (this.#data.length > 0) {
      this.#dispatch({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
    }
    this.#event = '';
    this.#data = [];
  }
}
