package document

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// A Miss is an action of an overlay that had nothing to do.
type Miss struct {
	Action int    // from 1
	Of     int    // how many the overlay has
	Target string // the JSONPath
	Reason string // its description: flaw of the ledger, reason, source
	Err    error  // how it missed: [ErrNoTarget], [ErrNoChange] or [ErrRepeats], or what the library says
}

func (m Miss) Error() string {
	return fmt.Sprintf("action %d of %d, %s: %v", m.Action, m.Of, m.Target, m.Err)
}

func (m Miss) Unwrap() error { return m.Err }

// Why an action had nothing to do: mostly because the publisher has mended the flaw, or changed the place.
var (
	ErrNoTarget = errors.New("hits nothing")
	ErrNoChange = errors.New("changes nothing")
	ErrRepeats  = errors.New("adds to a list what stands there already")
)

// Apply applies the actions of an overlay to the tree, one by one. An action that misses leaves the tree as it was, and
// is returned. The error is for an overlay that is none.
func Apply(root *yaml.Node, text []byte) ([]Miss, error) {
	o, err := overlay.ParseReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	var misses []Miss
	for i, action := range o.Actions {
		single := *o
		single.Actions = []overlay.Action{action}
		changed := clone(root)
		if err := applySingle(changed, &single); err != nil {
			misses = append(misses, Miss{i + 1, len(o.Actions), action.Target, action.Description, err})
			continue
		}
		*root = *changed
	}
	return misses, nil
}

// applySingle applies an overlay of one action.
func applySingle(root *yaml.Node, o *overlay.Overlay) error {
	target, err := o.NewPath(o.Actions[0].Target, nil)
	if err != nil {
		return err
	}
	if len(target.Query(root)) == 0 {
		return ErrNoTarget
	}

	before := value(root)
	warnings, err := o.ApplyToStrict(root)
	switch {
	case err != nil:
		return err
	case reflect.DeepEqual(before, value(root)):
		return ErrNoChange
	case slices.ContainsFunc(target.Query(root), repeats):
		return ErrRepeats
	case len(warnings) > 0:
		return errors.New(strings.Join(warnings, "; "))
	}
	return nil
}

// repeats reports whether a list in the node, at any depth, holds an item twice.
func repeats(node *yaml.Node) bool {
	if node.Kind == yaml.SequenceNode {
		var seen []any
		for _, item := range node.Content {
			v := value(item)
			if slices.ContainsFunc(seen, func(other any) bool { return reflect.DeepEqual(v, other) }) {
				return true
			}
			seen = append(seen, v)
		}
	}
	return slices.ContainsFunc(node.Content, repeats)
}

// value returns what the node says, without how it is written. A node that cannot be decoded has the value nil.
func value(node *yaml.Node) (v any) {
	_ = node.Decode(&v)
	return v
}

func clone(node *yaml.Node) *yaml.Node {
	c := *node
	c.Content = make([]*yaml.Node, len(node.Content))
	for i, child := range node.Content {
		c.Content[i] = clone(child)
	}
	return &c
}
