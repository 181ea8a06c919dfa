// Package monitor holds the generation of the client and server stubs, and nothing else. From the published document to
// Go code it takes five steps:
//
//  1. The published document is kept byte for byte in spec/dataset. It does not load as it is.
//  2. spec/prepare applies the overlays to it, strictly and in this order: repair, tighten, errors, events, go. An
//     action that hits nothing or changes nothing ends the generation. The result is spec/dataset/openapi.yaml.
//  3. spec/prepare validates the result, which oapi-codegen does not do.
//  4. oapi-codegen makes the models and the client from it.
//  5. oapi-codegen makes the server from it, with the routing overlay on top.
//
// The documents of the organization stream and of the account server, spec/organization and spec/oauth, are this
// project's own: they are validated, and generated from, as they are.
package monitor

//go:generate go run ./spec/prepare -o spec/dataset/openapi.yaml spec/dataset/docusign-monitor-openapi-original.yml spec/dataset/overlay/repair.yaml spec/dataset/overlay/tighten.yaml spec/dataset/overlay/errors.yaml spec/dataset/overlay/events.yaml spec/dataset/overlay/go.yaml
//go:generate go run ./spec/prepare -validate spec/dataset/openapi.yaml spec/organization/openapi.yaml spec/oauth/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/dataset/client.codegen.yaml spec/dataset/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/dataset/server.codegen.yaml spec/dataset/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/organization/codegen.yaml spec/organization/openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config spec/oauth/codegen.yaml spec/oauth/openapi.yaml
