package contract_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/routers"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// The verdict that binds is that of the documents as repaired. What the publisher's own document has against an exchange
// is reported beside it: that document knows no answer but 200, for instance.

// published is the reading of the published document with the repairs that make it valid, and no others.
var published reading = sync.OnceValues(func() ([]routers.Router, error) {
	text, err := publishedText()
	if err != nil {
		return nil, err
	}
	return read(text)
})

// validity are the flaws without whose repair the published document cannot be read.
var validity = []string{"D-1", "D-2", "D-3"}

func publishedText() (string, error) {
	document, err := parse(documents().Published)
	if err != nil {
		return "", err
	}
	repairs, err := overlay.ParseReader(strings.NewReader(documents().Overlays["repair"]))
	if err != nil {
		return "", err
	}
	repairs.Actions = slices.DeleteFunc(repairs.Actions, func(action overlay.Action) bool {
		flaw, _, _ := strings.Cut(action.Description, ". ")
		return !slices.Contains(validity, flaw)
	})
	if _, err := repairs.ApplyToStrict(document); err != nil {
		return "", err
	}
	return write(document)
}

func parse(text string) (*yaml.Node, error) {
	var document yaml.Node
	return &document, yaml.Unmarshal([]byte(text), &document)
}

func write(document *yaml.Node) (string, error) {
	var text bytes.Buffer
	err := yaml.NewEncoder(&text).Encode(document)
	return text.String(), err
}

// asPublished tells what the published document says otherwise of an exchange of the dataset stream that was found to be
// so.
func asPublished(e judged, found declaration) (otherwise []string) {
	if !strings.Contains(e.request.URL.Path, "/datasets/") {
		return nil
	}
	declared, input, reason := judgeRequest(published, asked{e.request, e.sent}.again())
	if declared != found {
		otherwise = append(otherwise, fmt.Sprintf("the request is %s: %s", declared, why(reason)))
	}
	if input == nil {
		return otherwise
	}
	// Of a page the published document says less than the repaired one: it is the answers beside that it does not have.
	if e.answer.StatusCode == http.StatusOK {
		return otherwise
	}
	if err := firstAnswer(input, e.answer, e.received); err != nil {
		otherwise = append(otherwise, "the answer is invalid: "+why(err))
	}
	return otherwise
}
