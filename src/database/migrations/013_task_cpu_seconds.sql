-- CPU seconds that the Python processes of a batch's Spark tasks have told at their ends, those of tasks that Spark did
-- again included. Spark's own figures know only its JVM.
alter table batches add column task_cpu_seconds double precision not null default 0;
