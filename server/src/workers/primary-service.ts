import type { BookService } from './book-service.ts';
import type { EngineService } from './engine-service.ts';

/** What a worker calls of the primary over its line. */
export interface PrimaryService extends EngineService, BookService {}
