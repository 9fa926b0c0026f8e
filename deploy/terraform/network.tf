resource "google_compute_network" "main" {
  name                    = var.name
  auto_create_subnetworks = false
  depends_on              = [google_project_service.needed]
}

# Nothing in it has a public address: Google's services are reached by private access, the database by its private address.
resource "google_compute_subnetwork" "main" {
  name                     = var.name
  region                   = var.region
  network                  = google_compute_network.main.id
  ip_cidr_range            = var.subnet_range
  private_ip_google_access = true
}

# Driver and executors of a batch talk on ports that they choose; the service demands it. Nobody else may call them.
resource "google_compute_firewall" "batches" {
  name                    = "${var.name}-batches"
  network                 = google_compute_network.main.id
  direction               = "INGRESS"
  source_service_accounts = [google_service_account.batch.email]
  target_service_accounts = [google_service_account.batch.email]

  allow {
    protocol = "tcp"
  }
  allow {
    protocol = "udp"
  }
  allow {
    protocol = "icmp"
  }
}

# A person's shell on the worker's machine, through Identity-Aware Proxy: its range is Google's own.
resource "google_compute_firewall" "shell" {
  name                    = "${var.name}-shell"
  network                 = google_compute_network.main.id
  direction               = "INGRESS"
  source_ranges           = ["35.235.240.0/20"]
  target_service_accounts = [google_service_account.worker.email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_global_address" "services" {
  name          = "${var.name}-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = var.services_range_bits
  network       = google_compute_network.main.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.main.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

resource "google_compute_router" "main" {
  count   = var.nat ? 1 : 0
  name    = var.name
  region  = var.region
  network = google_compute_network.main.id
}

resource "google_compute_router_nat" "main" {
  count                              = var.nat ? 1 : 0
  name                               = var.name
  region                             = var.region
  router                             = google_compute_router.main[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}
