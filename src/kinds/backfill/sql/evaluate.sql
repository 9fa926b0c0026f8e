-- Whole means: every model of the run that has a forecast in its range has its scores at each horizon of 1, 7 and 14
-- days that it reaches, and every forecast date has its actual path, however many of its days are known.
with asked as (
  select r.request ->> 'commodity' as commodity, m ->> 'version' as model_version,
         (r.request ->> 'start')::date as first, (r.request ->> 'end')::date as last,
         (r.request ->> 'horizon')::integer as horizon
    from runs r, jsonb_array_elements(r.request -> 'models') m
   where r.run_id = $1 and $2::text is not null and $3::date is distinct from 'infinity'
), stored as (
  select asked.*, f.forecast_start_date as date
    from asked join forecast_metadata f using (commodity, model_version)
   where f.forecast_start_date between asked.first and asked.last
), due as (
  select distinct commodity, model_version, first, last, h as horizon
    from stored, unnest(array[1, 7, 14]) h where h <= stored.horizon
), dates as (
  select distinct commodity, date from stored
)
select 'rows' as name, 'block' as severity, count(*) = count(e.horizon) as passed,
       count(e.horizon)::text as observed, count(*)::text as expected,
       'scores of each model and horizon' as message
  from due d
  left join forecast_evaluation e
    on e.commodity = d.commodity and e.model_version = d.model_version and e.start_date = d.first
   and e.end_date = d.last and e.horizon = d.horizon
union all
select 'actual paths', 'block', count(*) = count(a.path_id), count(a.path_id)::text, count(*)::text,
       'forecast dates with their row of actual closes'
  from dates d
  left join distributions a
    on a.commodity = d.commodity and a.model_version = 'actuals' and a.forecast_start_date = d.date and a.path_id = 0
