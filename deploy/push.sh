#!/usr/bin/env bash
# The one command of a roll-out to Google Cloud: builds and pushes the images of this commit, applies deploy/terraform with
# them and restarts the worker. Again for the same commit, it changes nothing. See docs/operate.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
deploy/push.sh [--dry-run] [--yes] [--tag TAG] [--var-file FILE]
  --dry-run        say what would be done, and do nothing
  --yes            apply without asking
  --tag TAG        roll out this tag; one that is in the registry is not built again (that is how to roll back)
  --var-file FILE  Terraform's variables (default deploy/terraform/terraform.tfvars)
TEXT
}

fail() {
  echo "push: $1" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
terraform_folder=$root/deploy/terraform
var_file=$terraform_folder/terraform.tfvars
dry=false
sure=false
tag=

while (($# > 0)); do
  case $1 in
    --dry-run) dry=true ;;
    --yes) sure=true ;;
    --tag | --var-file)
      [[ $# -ge 2 && -n $2 ]] || fail "$1 needs a value."
      if [[ $1 == --tag ]]; then tag=$2; else var_file=$(realpath -m -- "$2"); fi
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "there is no option $1."
      ;;
  esac
  shift
done

# Shows a command, and runs it unless this is a dry run.
run() {
  printf '+'
  printf ' %q' "$@"
  printf '\n'
  if ! $dry; then "$@"; fi
}

need() {
  command -v "$1" >/dev/null || missing+=("$1 is not on PATH: $2")
}

missing=()
need git "install git, the tag is the commit's."
if ! $dry; then
  need docker "install Docker with buildx, it builds the images."
  need gcloud "install the Google Cloud CLI, it signs in to the registry and restarts the worker."
  need terraform "install Terraform 1.11 or later, it makes everything else."
fi
if ((${#missing[@]} > 0)); then
  printf 'push: %s\n' "${missing[@]}" >&2
  exit 1
fi

[[ -f $var_file ]] || fail "$var_file is not there: copy deploy/terraform/terraform.tfvars.example and fill it in."

# The text of a variable in the file: Terraform itself can only be asked after an apply.
variable() {
  sed -nE "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"([^\"]*)\".*/\\1/p" "$var_file" | tail -n 1
}
project=$(variable project_id)
region=$(variable region)
name=$(variable name)
name=${name:-sevenfold}
[[ -n $project ]] || fail "$var_file does not set project_id = \"…\"."
[[ -n $region ]] || fail "$var_file does not set region = \"…\"."

if [[ -z $tag ]]; then
  [[ -z $(git -C "$root" status --porcelain --untracked-files=no) ]] ||
    fail "there are changes that are in no commit, and the tag is the commit's: commit them, or name a --tag."
  tag=$(git -C "$root" rev-parse --short=12 HEAD)
fi
[[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ && $tag != latest ]] || fail "\"$tag\" is no tag that means one image for ever."

registry=$region-docker.pkg.dev
repository=$registry/$project/$name
terraform=(terraform "-chdir=$terraform_folder")
variables=("-var-file=$var_file" "-var=image_tag=$tag")
asking=()
if $sure; then asking=(-auto-approve); fi

echo "sevenfold $tag to project $project, $region"

# The repository comes before the images, the images before the machine that pulls them.
run "${terraform[@]}" init -input=false
run "${terraform[@]}" apply "${asking[@]}" "${variables[@]}" -target=google_artifact_registry_repository.images

run gcloud auth configure-docker "$registry" --project="$project" --quiet
push_image() {
  local image=$repository/$1:$tag
  shift
  if ! $dry && docker manifest inspect "$image" >/dev/null 2>&1; then
    echo "$image is there"
    return
  fi
  run docker buildx build --platform=linux/amd64 --tag="$image" --push "$@" "$root"
}
push_image worker "--file=$root/deploy/images/worker.Dockerfile" --target=worker
push_image batch "--file=$root/deploy/images/batch.Dockerfile"

run "${terraform[@]}" apply "${asking[@]}" "${variables[@]}"

# A stop lets the worker say goodbye; batches go on meanwhile and are adopted by the next one.
if $dry; then
  machine=$name-worker
  zone="<zone>"
else
  machine=$("${terraform[@]}" output -json worker | sed -E 's/.*"name":"([^"]*)".*/\1/')
  zone=$("${terraform[@]}" output -json worker | sed -E 's/.*"zone":"([^"]*)".*/\1/')
fi
run gcloud compute instances stop "$machine" --project="$project" --zone="$zone" --quiet
run gcloud compute instances start "$machine" --project="$project" --zone="$zone" --quiet

if ! $dry; then
  unfilled=$("${terraform[@]}" output -json secrets_to_fill | tr -d '[]" \n' | tr ',' ' ')
  for secret in $unfilled; do
    gcloud secrets versions list "$secret" --project="$project" --filter=state=ENABLED --limit=1 --format='value(name)' |
      grep -q . || echo "push: secret $secret has no value yet, the worker waits for it: docs/operate.md" >&2
  done
fi
if $dry; then echo "nothing was done"; else echo "rolled out: $tag"; fi
