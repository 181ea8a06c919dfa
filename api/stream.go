package api

import (
	"net/http"

	"example.com/docusign-monitor/gen/dataset"
)

// stream is what the two streams differ in.
type stream struct {
	array   string // the name of the events in a page
	request func(server string, cursor *string, limit *int32) (*http.Request, error)
}

var datasetStream = stream{
	array: "data",
	request: func(server string, cursor *string, limit *int32) (*http.Request, error) {
		return dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor,
			&dataset.GetStreamParams{Cursor: cursor, Limit: limit})
	},
}
