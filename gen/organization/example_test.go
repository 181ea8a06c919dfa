package organization_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

// stream is a server of one event.
type stream struct {
	organization.StrictServerInterface // the operations that a later document adds
}

func (stream) GetStream(_ context.Context, request organization.GetStreamRequestObject) (organization.GetStreamResponseObject, error) {
	return organization.GetStream200JSONResponse{Body: organization.StreamResponse{
		EndCursor:  new("next"),
		ResultData: []dataset.Event{{OrganizationID: new(request.OrganizationID.String()), Object: new("Envelope"), Action: new("Created")}},
	}}, nil
}

// The generated client names the organization in the path.
func ExampleNewClientWithResponses() {
	server := httptest.NewServer(organization.Handler(organization.NewStrictHandler(stream{}, nil)))
	defer server.Close()

	client, err := organization.NewClientWithResponses(server.URL) // WithRequestEditorFn adds the access token
	if err != nil {
		log.Fatal(err)
	}
	var id types.UUID
	if err := id.UnmarshalText([]byte("3ceaaf30-8142-48ea-b1d9-3080f9b439fc")); err != nil {
		log.Fatal(err)
	}
	page, err := client.GetStreamWithResponse(context.Background(), id, nil)
	if err != nil || page.JSON200 == nil {
		log.Fatal(page, err)
	}
	for _, event := range page.JSON200.ResultData {
		fmt.Println(*event.OrganizationID, *event.Object, *event.Action)
	}
	// Output: 3ceaaf30-8142-48ea-b1d9-3080f9b439fc Envelope Created
}
