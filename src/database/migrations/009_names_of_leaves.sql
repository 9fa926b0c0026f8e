-- The leaf of AAA and model `naive` was called distributions_aaa_naive, and so was the branch of a series AAA_NAIVE. No
-- series has a $ in its name, so a leaf that always has one meets no branch, and needs no quotes; it is short enough to be
-- kept whole (63 bytes) for the longest series and a version of 24 letters.
do $$
declare
  leaf record;
begin
  for leaf in
    select l.oid::regclass as name, substring(pg_get_expr(b.relpartbound, b.oid) from $re$'(.*)'$re$) as commodity,
           substring(pg_get_expr(l.relpartbound, l.oid) from $re$'(.*)'$re$) as version
      from pg_inherits i join pg_class l on l.oid = i.inhrelid
      join pg_inherits j on j.inhrelid = i.inhparent join pg_class b on b.oid = j.inhrelid
     where j.inhparent = 'distributions'::regclass
  loop
    execute format('alter table %s rename to %I', leaf.name,
                   'paths_' || lower(leaf.commodity) || '$' || replace(lower(leaf.version), '@', '$'));
  end loop;
end $$;

-- The name that the leaf of a commodity and a model version has, whether it is there or not.
create function distributions_leaf_name(of_commodity text, of_version text) returns text
language sql immutable parallel safe as $body$
  select 'paths_' || lower(of_commodity) || '$' || replace(lower(of_version), '@', '$')
$body$;

create or replace function distributions_leaf(of_commodity text, of_version text) returns text
language plpgsql as $$
declare
  branch text := 'distributions_' || lower(of_commodity);
  leaf text := distributions_leaf_name(of_commodity, of_version);
begin
  if octet_length(leaf) > 63 then
    raise exception 'version % of % is too long for the name of a table: 63 bytes', of_version, of_commodity;
  end if;
  if to_regclass(quote_ident(leaf)) is null then
    perform pg_advisory_xact_lock(hashtext('distributions_leaf'));
    execute format('create table if not exists %I partition of distributions for values in (%L)
                    partition by list (model_version)', branch, of_commodity);
    execute format('create table if not exists %I partition of %I (
                      commodity default %L, model_version default %L, is_actuals default %L,
                      primary key (forecast_start_date, path_id)) for values in (%L)',
                   leaf, branch, of_commodity, of_version, of_version = 'actuals', of_version);
    -- Nobody asks for single values: a small sample is enough, and is taken again after every load.
    execute (select format('alter table %I ', leaf)
                    || string_agg(format('alter column %I set statistics 10', attname), ', ')
               from pg_attribute where attrelid = quote_ident(leaf)::regclass and attnum > 0);
  end if;
  return leaf;
end $$;
