package contract_test

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

// targetVariable chooses the service under test.
const targetVariable = "DOCUSIGN_CONTRACT_TARGET"

// target is the service under test: the one at an address, or, without settings, a sandbox that each clause starts for
// itself.
type target struct {
	*settings.Settings
	key *rsa.PrivateKey

	end ending // of the run
}

// readTarget reads the variable. For a URL it reads the DOCUSIGN_ settings too, with the URL as that of the Monitor host.
func readTarget(lookup func(string) (string, bool)) (*target, error) {
	value, set := lookup(targetVariable)
	switch {
	case !set:
		return &target{}, nil
	case !strings.HasPrefix(value, "http://") && !strings.HasPrefix(value, "https://"):
		return nil, errors.New(targetVariable + " is not a target: unset it for a sandbox in process, or give the URL of a Monitor host")
	}
	s, err := settings.Read(func(name string) (string, bool) {
		if name == settings.MonitorURL {
			return value, true
		}
		return lookup(name)
	})
	if err != nil {
		return nil, fmt.Errorf("%s is a URL, so the settings of a client are needed:\n%w", targetVariable, err)
	}
	key, err := readKey(s.Grant)
	if err != nil {
		return nil, err
	}
	return &target{Settings: s, key: key}, nil
}

// readKey returns the key itself, since the suite signs assertions that no client would.
func readKey(grant api.JWTGrant) (*rsa.PrivateKey, error) {
	if grant.PrivateKeyFile != "" {
		pem, err := os.ReadFile(grant.PrivateKeyFile)
		if err != nil {
			return nil, err
		}
		return api.ParsePrivateKey(pem)
	}
	key, ok := grant.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the suite signs with a key that it can read, not with one in a store")
	}
	return key, nil
}

func (t *target) remote() bool { return t.Settings != nil }

// foreign tells whether the events may be those of someone, rather than made up by the sandbox.
func (t *target) foreign() bool { return t == nil || t.remote() }

func (t *target) String() string {
	if t.remote() {
		return t.Environment.DatasetURL
	}
	return "the sandbox in process"
}

// kind is the word for the target.
func (t *target) kind() string {
	if t.remote() {
		return "url"
	}
	return "in-process"
}

// notes say what a reader of the results has to know of the target.
func (t *target) notes() (all []string) {
	for _, on := range streams {
		if !t.tries(on) {
			all = append(all, "the "+on.name+" stream is not tried: "+settings.OrganizationID+" is not set")
		}
	}
	return all
}

// tries tells whether the streams of that name are tried: that of an organization takes the organization's id.
func (t *target) tries(on stream) bool {
	return !t.remote() || on.name != organizationStream.name || t.OrganizationID != ""
}

// filter leaves out, before anything runs, what cannot be proved at an address. The report names it.
func (t *target) filter(chosen string) string {
	all := []string{chosen}
	if t.remote() {
		all = append(all, "!controlled")
	}
	for _, on := range streams {
		if !t.tries(on) {
			all = append(all, "client || !"+on.name) // the client is ours, whatever the target
		}
	}
	all = slices.DeleteFunc(all, func(filter string) bool { return filter == "" })
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ") && (") + ")"
}
