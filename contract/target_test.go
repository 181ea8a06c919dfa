package contract_test

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

// targetVariable chooses the service under test.
const targetVariable = "DOCUSIGN_CONTRACT_TARGET"

// The targets beside a URL and a recording. Without the variable each clause starts a sandbox for itself.
const (
	inProcessTarget = "in-process"
	processTarget   = "process" // the sandbox of the command, as a child process
	liveTarget      = "live"    // Docusign, by the settings of the command
	urlTarget       = "url"
	noTarget        = "none" // the run cannot start
)

// target is the service under test: the one at an address, or, without settings, a sandbox that each clause starts for
// itself.
type target struct {
	*settings.Settings
	key  *rsa.PrivateKey
	kind string

	chronicle *chronicle // of the service at an address
	manners   *manners   // of a live run
	replay    *replay    // nil unless a recording stands in the place of a service
	tape      *tape      // nil if the run is not recorded
	end       ending     // of the run
	said      string     // more that the summary says
}

// readTarget reads the variable. For a URL it reads the DOCUSIGN_ settings too, with the URL as that of the Monitor host.
func readTarget(lookup func(string) (string, bool)) (*target, error) {
	value, set := lookup(targetVariable)
	if !set {
		return &target{kind: inProcessTarget}, nil
	}
	if file, is := strings.CutPrefix(value, replayPrefix); is {
		return startReplay(file)
	}
	t := &target{chronicle: newChronicle()}
	switch {
	case value == liveTarget:
		t.kind, t.manners = liveTarget, newManners()
	case strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://"):
		t.kind = urlTarget
		of := lookup
		lookup = func(name string) (string, bool) {
			if name == settings.MonitorURL {
				return value, true
			}
			return of(name)
		}
	default:
		return nil, errors.New(targetVariable + " is not a target: unset it for a sandbox in process, or give process, live, replay:FILE, or the URL of a Monitor host")
	}
	s, err := settings.Read(lookup)
	if err != nil {
		return nil, fmt.Errorf("%s is %s, so the settings of a client are needed:\n%w", targetVariable, t.kind, err)
	}
	t.Settings = s
	t.key, err = readKey(s.Grant)
	return t, err
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
func (t *target) foreign() bool {
	return t == nil || t.kind == urlTarget || t.kind == liveTarget || t.kind == replayTarget
}

func (t *target) String() string {
	switch t.kind {
	case processTarget:
		return "the sandbox of the command"
	case urlTarget:
		return t.Environment.DatasetURL
	case liveTarget:
		return "Docusign at " + t.Environment.DatasetURL
	case noTarget:
		return "no service"
	case replayTarget:
		return fmt.Sprintf("the recording %s of %s", filepath.Base(t.replay.file), t.replay.Target)
	}
	return "the sandbox in process"
}

// unprovable says why the target cannot be put to a clause; nothing if it can.
func (t *target) unprovable(c clause) string {
	switch {
	case !t.remote():
	case c.Controlled:
		return "it takes a server whose events, clock and users the suite controls"
	case t.kind == liveTarget && kindOf(c.ID) == "service" && !slices.Contains(polite, c.ID):
		return "a live run reads, and asks for nothing that is not to be had"
	case t.kind == replayTarget && slices.Contains(withSecrets, c.ID):
		return "secrets are taken out of a recording"
	}
	return ""
}

// notes say what a reader of the results has to know of the target.
func (t *target) notes() (all []string) {
	for _, on := range streams {
		if !t.tries(on) {
			why := settings.OrganizationID + " is not set"
			if t.replay != nil {
				why = "it was not recorded"
			}
			all = append(all, "the "+on.name+" stream is not tried: "+why)
		}
	}
	if t.replay != nil {
		all = append(all, t.replay.notes()...)
	}
	if t.said != "" {
		all = append(all, t.said)
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
	if t.kind == liveTarget {
		all = append(all, "client || documents || "+strings.Join(polite, " || "))
	}
	if t.kind == replayTarget {
		all = append(all, "!"+strings.Join(withSecrets, " && !"))
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
