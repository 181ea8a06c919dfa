package drift

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Rewording is a text for people that has changed.
type Rewording struct {
	Where    string `json:"where"`
	Relevant bool   `json:"relevant"` // it speaks of cursor, order, limit, version or time
	Old      string `json:"old"`
	New      string `json:"new"`
	Diff     string `json:"diff"` // by sentences: a line each, with "- ", "+ " or "  " before it
}

// relevant are the words by which a text may change what api does without changing anything else of the document.
var relevant = regexp.MustCompile(`(?i)cursor|\border|ordered|chronolog|\blimit|maximum|\bversion|\btime|timestamp|\bdate|\bdays?\b|\bhours?\b|\bminutes?\b|latest|oldest|ingest`)

// rewordings returns the texts that differ between the documents as they stand. Those that came or went with what they
// describe are left out.
func rewordings(before, after *Side) []Rewording {
	was, is := texts(before), texts(after)
	all := []Rewording{}
	for _, where := range append(was.order, is.order...) {
		old, now := was.text[where], is.text[where]
		parent := where[:strings.LastIndex(where, ".")]
		if was.done[where] || old == now || !was.holds[parent] || !is.holds[parent] {
			continue
		}
		was.done[where] = true
		all = append(all, Rewording{where, relevant.MatchString(old) || relevant.MatchString(now), old, now, sentences(old, now)})
	}
	return all
}

type prose struct {
	order []string
	text  map[string]string
	holds map[string]bool // the places that there are
	done  map[string]bool
}

// texts collects the texts of a document by where they stand. An item of a list is named by its name, not its number, and
// the stream not by its path, which differs between the streams.
func texts(s *Side) prose {
	stream, _, _ := streamOperation(s.published)
	p := prose{text: map[string]string{}, holds: map[string]bool{}, done: map[string]bool{}}
	var walk func(where string, node *yaml.Node)
	walk = func(where string, node *yaml.Node) {
		p.holds[where] = true
		switch node.Kind {
		case yaml.DocumentNode:
			for _, child := range node.Content {
				walk(where, child)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				key, child := node.Content[i].Value, node.Content[i+1]
				at := strings.TrimPrefix(where+"."+key, ".")
				if stream != "" && at == "paths."+stream {
					at = "stream"
				}
				if child.Kind == yaml.ScalarNode && (key == "description" || key == "summary" || key == "title") && strings.Contains(at, ".") {
					p.order = append(p.order, at)
					p.text[at] = strings.TrimSpace(child.Value)
					continue
				}
				walk(at, child)
			}
		case yaml.SequenceNode:
			for i, child := range node.Content {
				var named struct{ Name, URL string }
				_ = child.Decode(&named)
				name := named.Name + named.URL
				if name == "" {
					name = fmt.Sprint(i)
				}
				walk(where+"["+name+"]", child)
			}
		}
	}
	walk("", s.raw)
	return p
}

// sentences compares two texts sentence by sentence.
func sentences(before, after string) string {
	a, b := split(before), split(after)
	// common[i][j] is how many sentences a[i:] and b[j:] have in common, in order.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			fmt.Fprintf(&out, "  %s\n", a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(&out, "- %s\n", a[i])
			i++
		default:
			fmt.Fprintf(&out, "+ %s\n", b[j])
			j++
		}
	}
	return out.String()
}

var end = regexp.MustCompile(`[.!?]\s+|\s*\n\s*`)

// maxSentences bounds what is compared of one text, as the comparison takes the square of it.
const maxSentences = 1000

func split(text string) []string {
	var all []string
	for text != "" && len(all) < maxSentences {
		at := end.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		if sentence := strings.TrimSpace(text[:min(at[0]+1, len(text))]); sentence != "" {
			all = append(all, sentence)
		}
		text = text[at[1]:]
	}
	return all
}
