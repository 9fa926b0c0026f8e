-- What is stored for each training window: $1 commodity, $2 model key, $3 version and $4 frequency of the fitted models,
-- $5 training dates. A state that is kept elsewhere is checked when it is read.
-- One pass over the days: a look at them for each window took 11 s for 274 windows of a hundred thousand days.
with wanted as (
  select distinct unnest($5::date[]) as training_date
), timeline as (
  -- What was known before each training date: the newest change of an earlier day.
  select as_of as day, 1 as change, rows, digest from price_digests($1)
  union all
  select training_date, 0, null::bigint, null::numeric from wanted
), known as (
  select day as training_date, change,
         first_value(rows) over same as rows, first_value(digest) over same as digest
    from (select *, count(rows) over (order by day, change) as change_number from timeline) numbered
  window same as (partition by change_number order by day, change)
)
select w.training_date as date, m.sha256 is not null as stored,
       coalesce(m.state_json is null or encode(sha256(convert_to(m.state_json, 'UTF8')), 'hex') = m.sha256, true)
         as sound,
       m.data_hash is distinct from known.rows || ':' || known.digest as changed
  from wanted w
  join known on known.training_date = w.training_date and known.change = 0
  left join fitted_models m
    on m.commodity = $1 and m.model_key = $2 and m.model_version = $3 and m.train_frequency = $4
   and m.training_date = w.training_date
 order by 1
