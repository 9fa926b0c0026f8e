-- What is stored for each training window: $1 commodity, $2 model key, $3 version and $4 frequency of the fitted models,
-- $5 training dates. A state that is kept elsewhere is checked when it is read.
with wanted as (
  select unnest($5::date[]) as training_date
), digests as materialized (
  select as_of, rows, digest from price_digests($1)
)
select w.training_date as date, m.sha256 is not null as stored,
       coalesce(m.state_json is null or encode(sha256(convert_to(m.state_json, 'UTF8')), 'hex') = m.sha256, true)
         as sound,
       m.data_hash is distinct from
         (select d.rows || ':' || d.digest from digests d where d.as_of < w.training_date
           order by d.as_of desc limit 1) as changed
  from wanted w
  left join fitted_models m
    on m.commodity = $1 and m.model_key = $2 and m.model_version = $3 and m.train_frequency = $4
   and m.training_date = w.training_date
 order by 1
