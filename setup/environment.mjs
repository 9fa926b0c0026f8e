// A person's environment is made for that person's programs. What would turn ours into something else is left out.

const leftOut = [
  // Another library, another user's site, another way to run.
  /^PYTHON/,
  /^(?:VIRTUAL_ENV|CONDA_PREFIX)$/,
  // Where uv and pip would put things instead, and what they would refuse; where they fetch from stays.
  /^PIP_(?:TARGET|PREFIX|ROOT|SRC|EDITABLE|NO_DEPS|REQUIREMENT|CONSTRAINT|DRY_RUN|PYTHON|PLATFORM|ABI|IMPLEMENTATION)$/,
  /^PIP_(?:PYTHON_VERSION|NO_BINARY|ONLY_BINARY|UPGRADE|FORCE_REINSTALL|IGNORE_INSTALLED|REPORT|REQUIRE_HASHES)$/,
  /^UV_(?:SYSTEM_PYTHON|PYTHON|TARGET|PREFIX|PROJECT_ENVIRONMENT|NO_BINARY|ONLY_BINARY|NO_BUILD|CONSTRAINT|OVERRIDE)$/,
  /^UV_(?:BUILD_CONSTRAINT|EXCLUDE|EXCLUDE_NEWER|RESOLUTION|PRERELEASE|REQUIRE_HASHES|NO_VERIFY_HASHES|COMPILE_BYTECODE)$/,
  // Another Spark, another Hadoop.
  /^(?:SPARK_HOME|SPARK_CONF_DIR|SPARK_DIST_CLASSPATH|PYSPARK_\w+|HADOOP_\w+|YARN_CONF_DIR|CLASSPATH)$/,
  // `npm ci` elsewhere than in the checkout, and Go programs for another machine.
  /^npm_config_(?:global|location|prefix|omit|only|production|dry_run|workspace|workspaces)$/i,
  /^(?:GO111MODULE|GOOS|GOARCH|GOWORK)$/,
];

/**
 * What set-up's programs are run with. pip takes settings from files too (`user = true` in pip.conf), and a variable wins
 * over them.
 */
export function cleanEnvironment(env) {
  const kept = Object.entries(env).filter(([name]) => !leftOut.some((pattern) => pattern.test(name)));
  return { ...Object.fromEntries(kept), PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' };
}
