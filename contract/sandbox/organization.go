package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Organization is whose events a stream holds.
type Organization struct {
	// ID is the organization's GUID. Empty: one that depends on its place in the list alone.
	ID string

	// Name is that of its one account. Empty: a synthetic one.
	Name string

	// Events is its log at the start. Nil: Config.Events for the first organization, others made up for the rest.
	Events Source

	// NotEntitled says that the organization has not bought Monitor: tokens are issued, but both streams answer 403.
	NotEntitled bool
}

// Role is what a user may do in the organizations that the user belongs to.
type Role int

const (
	// Administrator is an organization administrator, who may read the streams.
	Administrator Role = iota

	// SecurityReports is a user with the permission profile Security Reports Administrator, who may read them too.
	SecurityReports

	// NoRole is a user with neither: tokens are issued, but both streams answer 403.
	NoRole
)

// User is someone whom an integration may impersonate.
type User struct {
	// ID is the user's GUID. Empty: one that depends on the user's place in the list alone.
	ID string

	// Name is the user's full name. Empty: a synthetic one.
	Name string

	// NoConsent says that the user has consented to no integration: a token is refused with consent_required.
	NoConsent bool

	// Integrations are the keys of those that the user has consented to. Nil: all.
	Integrations []string

	// Role is the user's in each of the organizations.
	Role Role

	// Organizations are the IDs of those that the user belongs to. Nil: the first one. Empty but not nil: none, so that
	// the user's account names no organization. To a user of several the dataset stream answers 403, since its URL does
	// not say which one is meant.
	Organizations []string
}

// tenant is an organization with its log.
type tenant struct {
	Organization
	account string // GUID
	log     eventLog
	place   int // in the list
}

// Who there is in a sandbox by default. The values are made up.
const (
	organizationID = "b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5"
	accountID      = "e5a81c37-9f24-4b60-a6d3-08c7f2195be4"
)

// What GUIDs of people, organizations and integrations are drawn from, so that they depend on the place in a list alone.
const (
	ofUsers = iota
	ofOrganizations
	ofAccounts
	ofIntegrations
)

func newTenants(cfg Config, start time.Time) ([]*tenant, error) {
	given := cfg.Organizations
	if len(given) == 0 {
		given = []Organization{{}}
	}
	var tenants []*tenant
	for i, o := range given {
		t := &tenant{Organization: o, account: accountID, place: i}
		if i > 0 {
			d := newDice(ofAccounts, uint64(i))
			t.account = d.guid()
		}
		var err error
		if t.ID, err = guidOr(o.ID, func() string { return defaultOrganization(i) }); err != nil {
			return nil, fmt.Errorf("organization %d: %w", i, err)
		}
		if slices.ContainsFunc(tenants, func(other *tenant) bool { return other.ID == t.ID }) {
			return nil, fmt.Errorf("organization %d: there is another with the ID %s", i, t.ID)
		}
		if t.Name == "" {
			t.Name = "Example Account"
			if i > 0 {
				t.Name += fmt.Sprintf(" %d", i+1)
			}
		}
		switch {
		case t.Events != nil:
		case i == 0 && cfg.Events != nil:
			t.Events = cfg.Events
		default:
			t.Events = Generate(1000, uint64(1+i))
		}
		from := origin{start, t.ID, t.account, cfg.Assumptions}
		past, err := t.Events.open(from)
		if err != nil {
			return nil, err
		}
		made, ok := past.(*generated)
		if !ok {
			if made, err = (generator{seed: uint64(1 + i)}).at(from); err != nil {
				return nil, err
			}
		}
		t.log = eventLog{past: past, made: made, born: start}
		tenants = append(tenants, t)
	}
	return tenants, nil
}

func defaultOrganization(i int) string {
	if i == 0 {
		return organizationID
	}
	d := newDice(ofOrganizations, uint64(i))
	return d.guid()
}

func newUsers(cfg Config, tenants []*tenant) ([]User, error) {
	users := slices.Clone(cfg.Users)
	if len(users) == 0 {
		users = []User{{}}
	}
	for i := range users {
		u := &users[i]
		var err error
		if u.ID, err = guidOr(u.ID, func() string { d := newDice(ofUsers, uint64(i)); return d.guid() }); err != nil {
			return nil, fmt.Errorf("user %d: %w", i, err)
		}
		if slices.ContainsFunc(users[:i], func(other User) bool { return other.ID == u.ID }) {
			return nil, fmt.Errorf("user %d: there is another with the ID %s", i, u.ID)
		}
		if u.Name == "" {
			u.Name = fmt.Sprintf("Ada Example %d", i+1)
		}
		if u.Role < Administrator || u.Role > NoRole {
			return nil, fmt.Errorf("user %d: there is no role %d", i, u.Role)
		}
		u.Integrations = slices.Clone(u.Integrations)
		for _, key := range u.Integrations {
			if !slices.ContainsFunc(cfg.Integrations, func(in Integration) bool { return strings.EqualFold(in.Key, key) }) {
				return nil, fmt.Errorf("user %d: there is no integration %s", i, key)
			}
		}
		belongs := u.Organizations
		if belongs == nil {
			belongs = []string{tenants[0].ID}
		}
		u.Organizations = make([]string, len(belongs))
		for j, id := range belongs {
			u.Organizations[j] = strings.ToLower(id)
			if !slices.ContainsFunc(tenants, func(t *tenant) bool { return t.ID == u.Organizations[j] }) {
				return nil, fmt.Errorf("user %d: there is no organization %s", i, id)
			}
		}
	}
	return users, nil
}

// guidOr is a given GUID in lower case, or the one that stands in for none.
func guidOr(given string, none func() string) (string, error) {
	if given == "" {
		return none(), nil
	}
	if !isGUID(given) {
		return "", fmt.Errorf("%q is not a GUID", given)
	}
	return strings.ToLower(given), nil
}

// tenant is the organization with an ID, in any case; nil if there is none.
func (s *Server) tenant(id string) *tenant {
	i := slices.IndexFunc(s.tenants, func(t *tenant) bool { return strings.EqualFold(t.ID, id) })
	if i < 0 {
		return nil
	}
	return s.tenants[i]
}

// whyNot is what someone is told who may not read the stream.
func (t *tenant) whyNot() string {
	if t.NotEntitled {
		return "Organization does not have Monitor entitlement"
	}
	return "User is not an administrator of the organization"
}

// consented tells whether a user has consented to an integration.
func (u *User) consented(to *Integration) bool {
	if u.Integrations == nil {
		return !u.NoConsent
	}
	return !u.NoConsent && slices.ContainsFunc(u.Integrations, func(key string) bool { return strings.EqualFold(key, to.Key) })
}

// mayRead tells whether a user may read the stream of an organization.
func (t *tenant) mayRead(u *User) bool {
	return !t.NotEntitled && u.Role != NoRole && slices.Contains(u.Organizations, t.ID)
}
