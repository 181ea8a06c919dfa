package dataset_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"example.com/docusign-monitor/gen/dataset"
)

// stream is a server of one event.
type stream struct {
	dataset.StrictServerInterface // the operations that a later document adds
}

func (stream) GetStream(context.Context, dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
	return dataset.GetStream200JSONResponse{Body: dataset.CursoredResult{
		EndCursor: "next",
		Data:      []dataset.Event{{Object: new("Envelope"), Action: new("Created")}},
	}}, nil
}

// The generated server is an http.Handler, to be mounted beside others.
func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/api/", dataset.Handler(dataset.NewStrictHandler(stream{}, nil)))

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/api/v2.0/datasets/monitor/stream", nil))
	fmt.Print(answer.Code, " ", answer.Body)
	// Output: 200 {"data":[{"action":"Created","object":"Envelope"}],"endCursor":"next"}
}

// The generated client sends the access token that it is given.
func ExampleNewClientWithResponses() {
	server := httptest.NewServer(printAuthorization(dataset.Handler(dataset.NewStrictHandler(stream{}, nil))))
	defer server.Close()

	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	client, err := dataset.NewClientWithResponses(server.URL, dataset.WithRequestEditorFn(authorize))
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.GetStreamWithResponse(context.Background(), dataset.Version20, dataset.Monitor, &dataset.GetStreamParams{Limit: new(int32(2000))})
	if err != nil || page.JSON200 == nil {
		log.Fatal(page, err)
	}
	for _, event := range page.JSON200.Data {
		fmt.Println(*event.Object, *event.Action)
	}
	// Output:
	// Bearer an access token
	// Envelope Created
}

const token = "an access token"

func printAuthorization(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
		next.ServeHTTP(w, r)
	})
}
