// Package spec holds the OpenAPI documents that the code is generated from, as the text that they are. README.md beside
// it says where each comes from and what has been done to it.
package spec

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
)

// PublishedDataset is the document of the dataset stream as Docusign published it, byte for byte. It is not valid.
//
//go:embed dataset/docusign-monitor-openapi-original.yml
var PublishedDataset string

// Dataset is the document of the dataset stream as this module uses it: the published one with the overlays applied.
// It is valid OpenAPI 3.0.
//
//go:embed dataset/openapi.yaml
var Dataset string

// Organization is the document of the organization stream, written by this project. It is valid OpenAPI 3.0.
//
//go:embed organization/openapi.yaml
var Organization string

// OAuth is the document of the account server, written by this project. It is valid OpenAPI 3.0.
//
//go:embed oauth/openapi.yaml
var OAuth string

// Sources hold what is said about the documents: README.md with the ledger, and the overlays that make [Dataset] of
// [PublishedDataset], in dataset/overlay.
//
//go:embed README.md dataset/overlay/*.yaml
var Sources embed.FS

// PublishedDatasetSHA256 returns the SHA-256 of [PublishedDataset] in hexadecimal: the one name of the version that a
// client was made from, since the document itself says v2.0 in all its versions.
func PublishedDatasetSHA256() string {
	sum := sha256.Sum256([]byte(PublishedDataset))
	return hex.EncodeToString(sum[:])
}
