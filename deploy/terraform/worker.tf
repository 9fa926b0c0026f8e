locals {
  # What makes any worker, wherever it runs, one that sends its batches here.
  environment = {
    DATAPROC_BATCH_ID_PREFIX   = var.batch_id_prefix
    DATAPROC_CONTAINER_IMAGE   = local.batch_image
    DATAPROC_MAX_EXECUTORS     = tostring(var.max_executors)
    DATAPROC_MIN_EXECUTORS     = tostring(var.min_executors)
    DATAPROC_RUNTIME_VERSION   = var.runtime_version
    DATAPROC_SERVICE_ACCOUNT   = google_service_account.batch.email
    DATAPROC_SUBNETWORK        = google_compute_subnetwork.main.id
    ENABLE_DATAPROC_SERVERLESS = "true"
    GCP_PROJECT_ID             = var.project_id
    GCP_REGION                 = var.region
    GCP_RESULTS_BUCKET         = google_storage_bucket.results.name
    GCP_TEMP_BUCKET            = google_storage_bucket.temp.name
    SEVENFOLD_DATABASE_SECRET  = "${google_secret_manager_secret.database.id}/versions/latest"
  }

  # And what this one needs beside. It has no keeper: without Dataproc there is nowhere to fall back to.
  home_environment = merge(
    local.environment,
    {
      SPARK_FALLBACK     = "off"
      TEMPORAL_ADDRESS   = var.temporal_address
      TEMPORAL_NAMESPACE = var.temporal_namespace
    },
    var.temporal_api_key ? { SEVENFOLD_TEMPORAL_SECRET = "${local.worker_secrets["temporal-api-key"]}/versions/latest" } : {},
    var.slack ? { SEVENFOLD_SLACK_SECRET = "${local.worker_secrets["slack-webhook"]}/versions/latest" } : {},
    var.worker_environment,
  )
}

resource "google_compute_instance" "worker" {
  name                      = "${var.name}-worker"
  zone                      = coalesce(var.zone, "${var.region}-b")
  machine_type              = var.machine_type
  labels                    = var.labels
  allow_stopping_for_update = true

  boot_disk {
    initialize_params {
      image = var.machine_image
      size  = 30
    }
  }

  # No access_config: no public address.
  network_interface {
    subnetwork = google_compute_subnetwork.main.id
  }

  service_account {
    email  = google_service_account.worker.email
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    google-logging-enabled = "true"
    user-data = templatefile("${path.module}/worker-cloud-init.yaml.tftpl", {
      environment = join("\n", [for name, value in local.home_environment : "${name}=${value}"])
      image       = local.worker_image
      memory_mb   = var.worker_memory_mb
      registry    = local.registry
    })
  }

  lifecycle {
    # A newer release of the image family is taken when somebody replaces the machine, not in passing.
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.reader,
    google_project_iam_member.worker,
    google_secret_manager_secret_iam_member.worker,
    google_secret_manager_secret_version.database,
    google_service_account_iam_member.worker_uses_batch,
    google_storage_bucket_iam_member.worker,
  ]
}
