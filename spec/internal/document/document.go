package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// Stream says which of the two streams a document describes.
type Stream string

// The two streams, by the names that the folders under spec and gen have.
const (
	Dataset      Stream = "dataset"
	Organization Stream = "organization"
)

// A Document is what a text was found to be.
type Document struct {
	Text    []byte     // as it was read
	Root    *yaml.Node // OpenAPI 3, converted if need be
	Swagger string     // the version of the Swagger document that Root was converted from, or empty
	Stream  Stream
}

// Load reads, parses and, if it is Swagger 2.0, converts the document at a path or URL. Its errors name the source.
func Load(ctx context.Context, source string) (*Document, error) {
	text, err := Read(ctx, source)
	if err != nil {
		return nil, err
	}
	d, err := New(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", source, err)
	}
	return d, nil
}

// New is Load for a text. Its errors go on from the document's name.
func New(text []byte) (*Document, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("is larger than %d bytes, the most that is taken", MaxSize)
	}
	root, err := Parse(text)
	if err != nil {
		return nil, err
	}
	d := &Document{Text: text, Root: root}
	switch swagger, openapi := scalar(root, "swagger"), scalar(root, "openapi"); {
	case swagger == "2.0":
		d.Swagger = swagger
		if d.Root, err = convert(root); err != nil {
			return nil, fmt.Errorf("is Swagger 2.0 that cannot be converted: %w", err)
		}
	case swagger != "":
		return nil, fmt.Errorf("is Swagger %.20s; 2.0 and OpenAPI 3.0 or 3.1 are taken", swagger)
	case openapi == "":
		return nil, errors.New("is not an OpenAPI document: it has no member openapi; give the published document")
	case !strings.HasPrefix(openapi, "3.0") && !strings.HasPrefix(openapi, "3.1"):
		return nil, fmt.Errorf("is OpenAPI %.20s; 3.0, 3.1 and Swagger 2.0 are taken", openapi)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		block(d.Root)
	}
	d.Stream = stream(d.Root)
	return d, nil
}

// block gives a tree that was JSON the form of YAML that people read.
func block(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		block(child)
	}
}

// Version is the version of OpenAPI that the document says it is of.
func (d *Document) Version() string { return scalar(d.Root, "openapi") }

// stream tells the streams apart by their paths: only one of them names an organization there.
func stream(root *yaml.Node) Stream {
	paths := get(content(root), "paths")
	if paths == nil {
		return Dataset
	}
	for i := 0; i < len(paths.Content); i += 2 {
		if strings.Contains(paths.Content[i].Value, "/organizations/{") {
			return Organization
		}
	}
	return Dataset
}

// Prepared reports whether the document is one of this module, with all that overlays would add to it: made by prepare or
// update, or written here.
func (d *Document) Prepared() bool {
	comment, _, _ := strings.Cut(string(d.Text), "\nopenapi:")
	return strings.Contains(comment, preparedMark) || strings.Contains(comment, updatedMark) || strings.Contains(comment, writtenMark)
}

// PreparedComment is the first comment of a document that was prepared from the file.
func PreparedComment(file string) string {
	return preparedMark + file + " and its overlays. DO NOT EDIT."
}

// UpdatedComment is the first comment of a document that update made of a published one, which had the SHA-256 and was of
// the kind, such as OpenAPI 3.0.1.
func UpdatedComment(sha256, kind string) string {
	return updatedMark + kind + ", sha256 " + sha256 + ". DO NOT EDIT."
}

// ConvertedComment is the same for a document that was converted and nothing else.
func ConvertedComment(sha256, kind string) string {
	return "Converted by spec/update from " + kind + ", sha256 " + sha256 + ". DO NOT EDIT."
}

const (
	preparedMark = "Made by spec/prepare from "
	updatedMark  = "Made by spec/update from "
	writtenMark  = "Written by this project "
)

// convert makes OpenAPI 3.0 of Swagger 2.0.
func convert(root *yaml.Node) (*yaml.Node, error) {
	var value any
	if err := root.Decode(&value); err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, err
	}
	converted, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, err
	}
	if text, err = converted.MarshalJSON(); err != nil {
		return nil, err
	}
	return Parse(text)
}

// Encode returns the text of a tree, as YAML.
func Encode(root *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	err := encoder.Close()
	return text.Bytes(), err
}

// Model returns the document as kin-openapi has it.
func Model(root *yaml.Node) (*openapi3.T, error) {
	text, err := Encode(root)
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
}

func scalar(root *yaml.Node, name string) string {
	if node := get(content(root), name); node != nil && node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return ""
}

// Clone returns a tree of its own.
func Clone(root *yaml.Node) *yaml.Node { return clone(root) }

// Remove takes the member at the end of the path of names out of the tree, if it is there.
func Remove(root *yaml.Node, path ...string) {
	node := content(root)
	for _, name := range path[:len(path)-1] {
		if node = get(node, name); node == nil {
			return
		}
	}
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		if node.Content[i].Value == path[len(path)-1] {
			node.Content = append(node.Content[:i], node.Content[i+2:]...)
			return
		}
	}
}
