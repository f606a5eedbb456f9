import type { HubObserver } from '../hub/hub.ts';
import type { ConnectionObserver } from '../transport/node.ts';
import type { Actions } from './actions.ts';
import type { Pipeline } from './pipeline.ts';

/** What a program adds to the server that is embedded in it. */
export interface Extensions {
  readonly pipeline: Pipeline;
  readonly actions?: Actions;
  readonly observer?: HubObserver & ConnectionObserver;
}
