import { measureAccept } from './accept.ts';
import { answerJobs } from './answer.ts';
import { channelSpeech } from './channel-speech.ts';
import { measureFanout } from './fanout.ts';
import { measureHttpPublish } from './http-publish.ts';
import { measureIngest } from './ingest.ts';
import type { Jobs } from './job.ts';
import { measureRecover } from './recover.ts';

/** The load process of `fanwire bench`: it speaks to Fanwire, and to nothing else. */

answerJobs<Jobs>({
  fanout: (job) => measureFanout(job, channelSpeech({ subscribe: true, channel: job.channel })),
  ingest: measureIngest,
  'http-publish': measureHttpPublish,
  accept: (job) => measureAccept(job, channelSpeech({ subscribe: false, channel: '' })),
  recover: measureRecover,
});
