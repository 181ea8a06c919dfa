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
		Published:    spoilt("published", spec.PublishedDataset),
		Dataset:      spoilt("dataset", spec.Dataset),
		Organization: spoilt("organization", spec.Organization),
		OAuth:        spoilt("oauth", spec.OAuth),
		Ledger:       spoilt("ledger", source("README.md")),
		Overlays:     map[string]string{},
	}
	for _, name := range []string{"repair", "tighten", "errors", "events", "go", "routing"} {
		all.Overlays[name] = spoilt(name, source("dataset/overlay/"+name+".yaml"))
	}
	return all
})

// spoilt is a text as the defect of the run leaves it.
func spoilt(name, text string) string {
	if seeded.document == nil {
		return text
	}
	return seeded.document(name, text)
}

func source(name string) string {
	text, err := fs.ReadFile(spec.Sources, name)
	if err != nil {
		panic(err)
	}
	return string(text)
}
