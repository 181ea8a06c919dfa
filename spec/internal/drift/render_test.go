package drift

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func toJSON(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestForms(t *testing.T) {
	published := read(t, datasetFile)
	after := toJSON(t, edit(t, published, []string{"default: 1000", "default: 100", "from seven days ago", "from `three` days ago"}))
	r := compare(t, published, strings.Replace(after, "three` days ago", "three` days ago\\u001b[31m", 1))

	var text, coloured, markdown, encoded bytes.Buffer
	for _, err := range []error{r.WriteText(&text, false), r.WriteText(&coloured, true), r.WriteMarkdown(&markdown), r.WriteJSON(&encoded)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("the text has a control character of the document, or colour that nobody asked for")
	}
	if !strings.Contains(coloured.String(), "\x1b[1;31mbreaking") || strings.Contains(coloured.String(), "days ago\x1b[31m") {
		t.Errorf("colour:\n%q", coloured.String())
	}
	for _, want := range []string{
		"wire     breaking\n  ! GET /api/v{version}/datasets/{dataSetName}/stream: ",
		"meaning  breaking\n  ! default of limit: api assumes 1000; it is 100 -> api/client.go, MaxLimit\n",
		"    - If no value is provided, the query begins from seven days ago.\n    + If no value is provided, the query begins from `three` days ago [31m.\n",
		"  default of limit             100                                broken\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text has no %q:\n%s", want, &text)
		}
	}
	for _, want := range []string{
		"## Drift of the dataset stream: breaking\n",
		"| wire | **breaking** | 1 | 0 |\n",
		"- **breaking**, `default of limit`: `api assumes 1000; it is 100`; change `api/client.go, MaxLimit`\n",
		"```diff\n",
	} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("the Markdown has no %q:\n%s", want, &markdown)
		}
	}
	var decoded struct {
		Verdict Verdict
		Wire    Axis
		Meaning Axis
	}
	if err := json.Unmarshal(encoded.Bytes(), &decoded); err != nil {
		t.Fatal(err)
	}
	if decoded.Verdict != Breaking || len(decoded.Wire.Findings) != 1 || decoded.Meaning.Verdict != Breaking {
		t.Errorf("JSON: %+v", decoded)
	}
}
