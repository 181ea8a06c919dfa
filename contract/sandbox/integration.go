package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Integration is an application that asks for tokens.
type Integration struct {
	// Key is the integration key, a GUID. Empty: one that depends on the integration's place in the list alone.
	Key string

	// PrivateKey is the integration's, whose public half the sandbox has registered. Nil: Config.PrivateKey for the first
	// integration; another one for each of the rest, made once in a process.
	PrivateKey *rsa.PrivateKey
}

// integrationKey is that of the first integration by default. It is made up.
const integrationKey = "7c2b5f1e-3d7a-4c55-9b0e-5a1f0c9e6d42"

func newIntegrations(cfg Config) ([]Integration, error) {
	integrations := slices.Clone(cfg.Integrations)
	if len(integrations) == 0 {
		integrations = []Integration{{}}
	}
	for i := range integrations {
		in := &integrations[i]
		var err error
		if in.Key, err = guidOr(in.Key, func() string { return defaultIntegration(i) }); err != nil {
			return nil, fmt.Errorf("integration %d: %w", i, err)
		}
		if slices.ContainsFunc(integrations[:i], func(other Integration) bool { return other.Key == in.Key }) {
			return nil, fmt.Errorf("integration %d: there is another with the key %s", i, in.Key)
		}
		if in.PrivateKey == nil && i == 0 {
			in.PrivateKey = cfg.PrivateKey
		}
		if in.PrivateKey == nil {
			if in.PrivateKey, err = processKeys.of(i); err != nil {
				return nil, fmt.Errorf("making a key: %w", err)
			}
		}
	}
	return integrations, nil
}

func defaultIntegration(i int) string {
	if i == 0 {
		return integrationKey
	}
	d := newDice(ofIntegrations, uint64(i))
	return d.guid()
}

// integration is the one with a key, in any case; nil if there is none.
func (s *Server) integration(key string) *Integration {
	i := slices.IndexFunc(s.config.Integrations, func(in Integration) bool { return strings.EqualFold(in.Key, key) })
	if i < 0 {
		return nil
	}
	return &s.config.Integrations[i]
}

// processKeys are made at run time, so that none is ever in the tree, and once in a process, since that takes a moment.
var processKeys keyring

type keyring struct {
	mu   sync.Mutex
	made []*rsa.PrivateKey
}

// of is the key of the integration at a place in the list.
func (k *keyring) of(place int) (*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.made) <= place {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		k.made = append(k.made, key)
	}
	return k.made[place], nil
}
