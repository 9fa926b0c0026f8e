-- Whole means: the settings of this run are on record.
with settings as (select * from allocation_parameters where run_id = $1 and $2::text is not null and $3::date is not null)
select 'rows' as name, 'block' as severity, count(*) = 1 as passed,
       count(*)::text as observed, '1' as expected,
       'the settings that this run works with' as message
  from settings
union all
select 'approved tokens', 'block', coalesce(sum(jsonb_array_length(approved_tokens_snapshot)), 0) > 0,
       coalesce(sum(jsonb_array_length(approved_tokens_snapshot)), 0)::text, 'at least 1',
       'tokens a pool may consist of'
  from settings
