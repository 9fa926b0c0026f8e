# Two accounts. The worker submits and watches; the batches run as an account that cannot submit. Each has the roles that
# docs/operate.md gives reasons for and no other.

resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "sevenfold worker: submits and watches batches"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "batch" {
  account_id   = "${var.name}-batch"
  display_name = "sevenfold batch: what Dataproc batches run as"
  depends_on   = [google_project_service.needed]
}

resource "google_project_iam_member" "worker" {
  for_each = toset([
    "roles/dataproc.editor",
    "roles/logging.logWriter",
  ])

  project = var.project_id
  role    = each.value
  member  = google_service_account.worker.member
}

resource "google_project_iam_member" "batch" {
  for_each = toset([
    "roles/cloudsql.client",
    "roles/dataproc.worker",
  ])

  project = var.project_id
  role    = each.value
  member  = google_service_account.batch.member
}

# On this one account, not on the project: the worker may run batches as it and as nobody else.
resource "google_service_account_iam_member" "worker_uses_batch" {
  service_account_id = google_service_account.batch.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "worker" {
  for_each = { temp = google_storage_bucket.temp.name, results = google_storage_bucket.results.name }

  bucket = each.value
  role   = "roles/storage.objectUser"
  member = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "batch" {
  for_each = { temp = google_storage_bucket.temp.name, results = google_storage_bucket.results.name }

  bucket = each.value
  role   = "roles/storage.objectAdmin"
  member = google_service_account.batch.member
}

resource "google_secret_manager_secret_iam_member" "worker" {
  for_each = local.worker_secrets

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}

resource "google_secret_manager_secret_iam_member" "batch" {
  secret_id = google_secret_manager_secret.database.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.batch.member
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = { worker = google_service_account.worker.member, batch = google_service_account.batch.member }

  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = each.value
}
