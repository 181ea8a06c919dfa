package api

import (
	"errors"
	"net/http"

	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

// stream is what the two streams differ in. All else is the same for both.
type stream struct {
	name    string // of its URL, in errors
	url     string
	array   string                                                                   // the name of the events in a page
	request func(server string, cursor *string, limit *int32) (*http.Request, error) // by the generated client
}

func datasetStream(env Environment) stream {
	return stream{"the URL of the dataset stream", env.DatasetURL, "data",
		func(server string, cursor *string, limit *int32) (*http.Request, error) {
			return dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor,
				&dataset.GetStreamParams{Cursor: cursor, Limit: limit})
		}}
}

func organizationStream(env Environment, id string) (stream, error) {
	var guid types.UUID
	if err := guid.UnmarshalText([]byte(id)); err != nil {
		return stream{}, errors.New("docusign: the organization id is not a GUID")
	}
	return stream{"the URL of the organization stream", env.OrganizationURL, "resultData",
		func(server string, cursor *string, limit *int32) (*http.Request, error) {
			return organization.NewGetStreamRequest(server, guid, &organization.GetStreamParams{Cursor: cursor, Limit: limit})
		}}, nil
}
