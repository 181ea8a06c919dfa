package contract_test

import "strings"

// documentDefects are documents that say something else than they are to.
var documentDefects = []defect{
	{
		name: "document/lax-limit", sentence: "does not say how large a limit may be",
		kills: []string{"DOC-3"},
		document: func(_, text string) string {
			return strings.Replace(text, "maximum: 2000", "maximum: 2147483647", 1)
		},
	},
}
