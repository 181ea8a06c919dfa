package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"

	"example.com/docusign-monitor/gen/oauth"
)

// Organization is one that the user of a client belongs to by an account.
type Organization struct {
	ID       string    // GUID, for WithOrganization
	Accounts []Account // of the user in this organization
}

// Account is an account of the user.
type Account struct {
	ID, Name string
	Default  bool
}

// Organizations lists the organizations of the user on whose behalf the client asks, in the order in which the account
// server names them. Accounts that belong to none are left out. That the user administers an organization is not said.
//
// The endpoint has hourly limits of its own: keep the answer. Of several organizations a program lets a person choose.
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	auth, err := baseURL("the auth URL", c.env.AuthURL)
	if err != nil {
		return nil, err
	}
	var organizations []Organization
	err = c.authorized(ctx, exchange{
		op:      "userinfo",
		base:    auth,
		request: oauth.NewGetUserInfoRequest,
		decode: func(body []byte, _ string) (err error) {
			organizations, err = readOrganizations(body)
			return err
		},
	})
	return organizations, err
}

func readOrganizations(body []byte) ([]Organization, error) {
	var user oauth.UserInfo
	if err := decode(body, &user); err != nil {
		return nil, err
	}
	var organizations []Organization
	for _, account := range user.Accounts {
		if account.Organization == nil || account.Organization.OrganizationID == "" {
			continue
		}
		id := account.Organization.OrganizationID
		at := slices.IndexFunc(organizations, func(o Organization) bool { return o.ID == id })
		if at < 0 {
			at = len(organizations)
			organizations = append(organizations, Organization{ID: id})
		}
		organizations[at].Accounts = append(organizations[at].Accounts, Account{
			ID: deref(account.AccountID), Name: deref(account.AccountName), Default: deref(account.IsDefault),
		})
	}
	return organizations, nil
}

func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// decode reads an answer of the account server. Its errors do not quote it.
func decode(body []byte, into any) error {
	switch err := json.Unmarshal(body, into); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the answer ends early: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return errors.New("the answer is not the JSON that was asked for; check the auth URL")
	}
	return nil
}
