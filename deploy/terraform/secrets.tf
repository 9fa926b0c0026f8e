# Made anew by every run of Terraform and kept by none: where the version is the old one nobody is sent it. Letters and
# digits only, because it is written into an address.
ephemeral "random_password" "database" {
  length  = 40
  special = false
}

resource "google_secret_manager_secret" "database" {
  secret_id           = "${var.name}-database-url"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_version" "database" {
  secret                 = google_secret_manager_secret.database.id
  secret_data_wo         = "postgresql://${google_sql_user.sevenfold.name}:${ephemeral.random_password.database.result}@${google_sql_database_instance.main.private_ip_address}:5432/${google_sql_database.sevenfold.name}"
  secret_data_wo_version = var.database_password_version

  # There is always a newest version to be read.
  lifecycle {
    create_before_destroy = true
  }
}

# Their values are somebody else's to make: docs/operate.md says how they get in.
resource "google_secret_manager_secret" "by_hand" {
  for_each = toset(concat(var.temporal_api_key ? ["temporal-api-key"] : [], var.slack ? ["slack-webhook"] : []))

  secret_id           = "${var.name}-${each.value}"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.needed]
}

locals {
  worker_secrets = merge(
    { database = google_secret_manager_secret.database.id },
    { for name, secret in google_secret_manager_secret.by_hand : name => secret.id },
  )
}
