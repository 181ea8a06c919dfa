package contract_test

import (
	"io/fs"
	"sync"

	"example.com/docusign-monitor/spec"
)

// texts are the documents as the suite reads them. Nothing in the suite reads them in any other way, so that a document
// that has been spoilt can be put in the place of a good one.
type texts struct {
	Published    string // of the dataset stream
	Dataset      string // the same, prepared
	Organization string
	OAuth        string
	Ledger       string            // spec/README.md
	Overlays     map[string]string // of the dataset stream, by their names
}

var documents = sync.OnceValue(func() texts {
	all := texts{
		Published: spec.PublishedDataset, Dataset: documentText("dataset"),
		Organization: documentText("organization"), OAuth: documentText("oauth"),
		Ledger: source("README.md"), Overlays: map[string]string{},
	}
	for _, name := range []string{"repair", "tighten", "errors", "events", "go", "routing"} {
		all.Overlays[name] = source("dataset/overlay/" + name + ".yaml")
	}
	return all
})

func source(name string) string {
	text, err := fs.ReadFile(spec.Sources, name)
	if err != nil {
		panic(err)
	}
	return string(text)
}
