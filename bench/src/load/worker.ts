import { measureAccept } from '../../../server/src/load/accept.ts';
import { answerJobs } from '../../../server/src/load/answer.ts';
import { measureFanout } from '../../../server/src/load/fanout.ts';
import { measureHttpPublish } from '../../../server/src/load/http-publish.ts';
import { measureIngest } from '../../../server/src/load/ingest.ts';
import { measureRecover } from '../../../server/src/load/recover.ts';
import type { Speech } from '../../../server/src/load/speech.ts';
import { targetNamed } from '../targets/registry.ts';
import { Holder } from './hold.ts';
import type { Jobs } from './job.ts';
import { measureRooms } from './rooms.ts';
import { measureSlow } from './slow.ts';

/** The load process of the bench: it speaks to every target. */

const holder = new Holder();

/** How a subscriber speaks to a target. Throws where it has no messages. */
function speechOf(target: string, channel?: string): Speech {
  const purpose = { subscribe: true, ...(channel === undefined ? {} : { channel }) };
  const speech = targetNamed(target).speech(purpose);
  if (speech === null) throw new Error(`${target} has no messages`);
  return speech;
}

answerJobs<Jobs>({
  fanout: async (job) => measureFanout(job, speechOf(job.target)),
  'http-publish': measureHttpPublish,
  rooms: async (job) => measureRooms(job, (channel) => speechOf(job.target, channel)),
  ingest: measureIngest,
  accept: async (job) => measureAccept(job, targetNamed(job.target).speech({ subscribe: false })),
  recover: measureRecover,
  slow: async (job) => measureSlow(job, speechOf(job.target)),
  hold: (job) => holder.hold(job),
  held: async () => holder.held(),
  release: async () => holder.release(),
});
