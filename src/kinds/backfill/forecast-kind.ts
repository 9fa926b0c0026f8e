import type { Dependencies } from '../../activities/dependencies.ts';
import type { Claimant, Run } from '../../ledger/runs.ts';
import type { Day } from '../../planning/days.ts';
import type { Kind, World } from '../kind.ts';
import type { ForecastRequest } from './forecasts.ts';
import type { AuditInput, BackfillInput, TrainInput } from './input.ts';
import type { DueDate } from './planning/dates.ts';

export type ForecastInput = BackfillInput | TrainInput | AuditInput;

/** What a run of forecasts comes to: its request, and the dates that the calendar owes. */
export interface Due {
  request: ForecastRequest;
  due: DueDate[];
  openDays: Day[];
}

/** A kind whose units are training windows and forecast dates. */
export interface ForecastKind extends Kind {
  opening: {
    /** The business key; `yesterday` is what an `end` of that name means. */
    key(input: ForecastInput, yesterday: Day): string;
    /** Refuses, before anything is written, what another run or a changed world stands against. */
    check?(
      deps: Dependencies,
      claim: Claimant & { key: string; input: ForecastInput },
      due: Due,
    ): Promise<void>;
    /** Its paths lie in a sink, which its input names. */
    hasSink: boolean;
    layOut(world: World, run: Run, due: Due, input: ForecastInput): Promise<void>;
    /** A further start looks at every unit again, not only at those that failed. */
    afresh: boolean;
  };
}
