package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// The bounds of what a document may hold. A document that is only large is far inside of them; one that is made to be
// expensive is not.
const (
	maxDepth = 100     // of nesting
	maxNodes = 200_000 // once every alias is written out, and once every reference is followed
)

// Parse returns the tree of a document, JSON or YAML, without aliases. What it returns is safe to give to the libraries:
// bounded in size and depth, also when references are followed, which stay within the document and lead somewhere.
func Parse(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty; give the published document")
	case err != nil:
		return nil, fmt.Errorf("is neither JSON nor YAML: %w; give the published document as it was downloaded", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document; give one")
	}

	nodes := 0
	if err := plain(&root, 0, &nodes, map[*yaml.Node]bool{}); err != nil {
		return nil, err
	}
	return &root, Check(&root)
}

// plain writes out the aliases below the node and counts what it comes by. It refuses what YAML allows and JSON does not.
func plain(node *yaml.Node, depth int, nodes *int, open map[*yaml.Node]bool) error {
	*nodes++
	switch {
	case depth > maxDepth:
		return fmt.Errorf("is nested more than %d levels deep, at line %d", maxDepth, node.Line)
	case *nodes > maxNodes:
		return fmt.Errorf("holds more than %d values once its aliases are written out", maxNodes)
	case node.Kind == yaml.AliasNode:
		target := node.Alias
		if open[target] {
			return fmt.Errorf("has an alias that contains itself, at line %d", node.Line)
		}
		*node = yaml.Node{Kind: target.Kind, Style: target.Style, Tag: target.Tag, Value: target.Value, Content: target.Content, Line: node.Line, Column: node.Column}
		open[target] = true
		defer delete(open, target)
	}
	if node.Anchor != "" && node.Kind != yaml.AliasNode {
		open[node] = true
		defer delete(open, node)
	}

	content := make([]*yaml.Node, len(node.Content)) // a copy, since an alias shares its target's
	keys := map[string]bool{}
	for i, child := range node.Content {
		c := *child
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			switch {
			case c.Kind != yaml.ScalarNode || c.Tag == "!!merge":
				return fmt.Errorf("has a key that is no text, at line %d", c.Line)
			case keys[c.Value]:
				return fmt.Errorf("has the key %.80q twice in one object, at line %d", c.Value, c.Line)
			}
			keys[c.Value] = true
		}
		if open[child] {
			return fmt.Errorf("has an alias that contains itself, at line %d", c.Line)
		}
		if c.Anchor != "" {
			open[child] = true
		}
		err := plain(&c, depth+1, nodes, open)
		delete(open, child)
		if err != nil {
			return err
		}
		c.Anchor = ""
		content[i] = &c
	}
	node.Content = content
	return nil
}

// Check refuses references that leave the document, lead nowhere or in a circle, and those that make something
// immeasurably large of a small document. An overlay may bring in references, so it is asked again after one.
func Check(root *yaml.Node) error {
	c := checker{root: content(root), sizes: map[*yaml.Node]int{}, open: map[*yaml.Node]bool{}, chain: map[*yaml.Node]bool{}}
	size, err := c.size(c.root)
	if err == nil && size > maxNodes {
		err = fmt.Errorf("holds more than %d values once its references are followed", maxNodes)
	}
	if err == nil {
		err = c.compositions(c.root, map[*yaml.Node]int{})
	}
	return err
}

// checker follows the references of a document.
type checker struct {
	root  *yaml.Node
	sizes map[*yaml.Node]int
	open  map[*yaml.Node]bool // those being measured
	chain map[*yaml.Node]bool // those whose composition is being followed
}

// size is the number of values below the node with every reference followed once on each way; a schema that refers back
// to one it is part of is legal, and ends the way.
func (c *checker) size(node *yaml.Node) (int, error) {
	if size, done := c.sizes[node]; done || c.open[node] {
		return size, nil
	}
	c.open[node] = true
	defer delete(c.open, node)

	size := 1
	if reference := get(node, "$ref"); reference != nil && reference.Kind == yaml.ScalarNode {
		target, err := c.resolve(reference)
		if err != nil {
			return 0, err
		}
		n, err := c.size(target)
		if err != nil {
			return 0, err
		}
		size += n
	}
	for _, child := range node.Content {
		n, err := c.size(child)
		if err != nil {
			return 0, err
		}
		size = min(size+n, maxNodes+1)
	}
	c.sizes[node] = size
	return size, nil
}

// resolve returns what a reference stands for in the end.
func (c *checker) resolve(reference *yaml.Node) (*yaml.Node, error) {
	for range maxDepth {
		pointer, inside := strings.CutPrefix(reference.Value, "#/")
		if !inside {
			return nil, fmt.Errorf("refers to %.200q at line %d; references to other documents are not followed", reference.Value, reference.Line)
		}
		target := c.root
		for name := range strings.SplitSeq(pointer, "/") {
			if target = at(target, strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}").Replace(name)); target == nil {
				return nil, fmt.Errorf("refers to %.200q at line %d, which is not in it", reference.Value, reference.Line)
			}
		}
		next := get(target, "$ref")
		if next == nil || next.Kind != yaml.ScalarNode {
			return target, nil
		}
		reference = next
	}
	return nil, fmt.Errorf("has a reference that leads to itself: %.200q at line %d", reference.Value, reference.Line)
}

// compositions refuses a schema that is composed of itself, by allOf, anyOf, oneOf or not: it means nothing, and who
// takes it apart does not come to an end.
func (c *checker) compositions(node *yaml.Node, state map[*yaml.Node]int) error {
	const visiting, done = 1, 2
	var compose func(schema *yaml.Node) error
	compose = func(schema *yaml.Node) error {
		if reference := get(schema, "$ref"); reference != nil && reference.Kind == yaml.ScalarNode {
			target, err := c.resolve(reference)
			if err != nil {
				return err
			}
			schema = target
		}
		switch state[schema] {
		case visiting:
			return fmt.Errorf("has a schema that is composed of itself, at line %d", schema.Line)
		case done:
			return nil
		}
		state[schema] = visiting
		for _, word := range []string{"allOf", "anyOf", "oneOf", "not"} {
			parts := get(schema, word)
			if parts == nil {
				continue
			}
			list := []*yaml.Node{parts}
			if parts.Kind == yaml.SequenceNode {
				list = parts.Content
			}
			for _, part := range list {
				if err := compose(part); err != nil {
					return err
				}
			}
		}
		state[schema] = done
		return nil
	}
	if node.Kind == yaml.MappingNode {
		if err := compose(node); err != nil {
			return err
		}
	}
	for _, child := range node.Content {
		if err := c.compositions(child, state); err != nil {
			return err
		}
	}
	return nil
}

// content is the value of a document node.
func content(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		return node.Content[0]
	}
	return node
}

// get returns the member of an object, or nil.
func get(node *yaml.Node, name string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

// at is get, for lists as well.
func at(node *yaml.Node, name string) *yaml.Node {
	if node.Kind == yaml.SequenceNode {
		for i, item := range node.Content {
			if fmt.Sprint(i) == name {
				return item
			}
		}
	}
	return get(node, name)
}
