-- Batches that did not succeed, newest first, of all starts of a run.
select batch_id as "batchId", unit, job, attempt, state, error_type as "errorType", left(state_message, 400) as message,
       coalesce(finished_at, submitted_at) as at, (count(*) over ())::integer as all
  from batches
 where run_id = $1 and state in ('FAILED', 'TIMED_OUT', 'CANCELLED')
 order by coalesce(finished_at, submitted_at) desc, batch_id
 limit 30
