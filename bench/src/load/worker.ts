import { targetNamed } from '../targets/registry.ts';
import { measureAccept } from './accept.ts';
import { measureFanout } from './fanout.ts';
import { Holder } from './hold.ts';
import { measureHttpPublish } from './http-publish.ts';
import { measureIngest } from './ingest.ts';
import type {
  AcceptJob,
  AcceptResult,
  Answer,
  FanoutJob,
  FanoutResult,
  HoldJob,
  HttpPublishJob,
  IngestJob,
  JobKind,
  Jobs,
  RecoverJob,
  Request,
  RoomsJob,
  RoomsResult,
  SlowJob,
  SlowResult,
} from './job.ts';
import { measureRecover } from './recover.ts';
import { measureRooms } from './rooms.ts';
import { measureSlow } from './slow.ts';

/** The load process: one job at a time, by message from the bench, whose end is its own. */

const holder = new Holder();

async function fanout(job: FanoutJob): Promise<FanoutResult> {
  const speech = targetNamed(job.target).speech({ subscribe: true });
  if (speech === null) throw new Error(`${job.target} has no messages to fan out`);
  return await measureFanout(job, speech);
}

async function rooms(job: RoomsJob): Promise<RoomsResult> {
  const target = targetNamed(job.target);
  return await measureRooms(job, (channel) => {
    const speech = target.speech({ subscribe: true, channel });
    if (speech === null) throw new Error(`${job.target} has no rooms`);
    return speech;
  });
}

async function accept(job: AcceptJob): Promise<AcceptResult> {
  return await measureAccept(job, targetNamed(job.target).speech({ subscribe: false }));
}

async function slow(job: SlowJob): Promise<SlowResult> {
  const speech = targetNamed(job.target).speech({ subscribe: true });
  if (speech === null) throw new Error(`${job.target} has no messages to be slow with`);
  return await measureSlow(job, speech);
}

async function perform({ kind, job }: Request): Promise<Jobs[JobKind]['result']> {
  switch (kind) {
    case 'fanout':
      return await fanout(job as FanoutJob);
    case 'http-publish':
      return await measureHttpPublish(job as HttpPublishJob);
    case 'rooms':
      return await rooms(job as RoomsJob);
    case 'ingest':
      return await measureIngest(job as IngestJob);
    case 'accept':
      return await accept(job as AcceptJob);
    case 'recover':
      return await measureRecover(job as RecoverJob);
    case 'slow':
      return await slow(job as SlowJob);
    case 'hold':
      return await holder.hold(job as HoldJob);
    case 'held':
      return holder.held();
    case 'release':
      return holder.release();
  }
}

async function answer(request: Request): Promise<Answer<Jobs[JobKind]['result']>> {
  try {
    return { ok: true, result: await perform(request) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', async (request: Request) => process.send?.(await answer(request)));
process.on('disconnect', () => process.exit(0));
