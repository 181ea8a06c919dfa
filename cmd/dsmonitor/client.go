package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/checkpoint"
	"example.com/docusign-monitor/internal/settings"
)

// client is one for the stream that is asked for, with what a checkpoint of that stream belongs to.
func (s *stream) client(ctx context.Context, from *settings.Settings) (*api.Client, checkpoint.Owner, error) {
	owner := checkpoint.Owner{Stream: "dataset", Host: s.host(from)}
	options := []api.Option{api.WithLogger(s.logger()), api.WithRetry(api.Retry{Wait: s.wait})}
	if s.metrics != nil {
		options = append(options, measured(s.metrics))
	}
	client, err := api.New(from.Environment, from.Grant.TokenSource(), options...)
	if err != nil {
		return nil, owner, usageError{err}
	}
	id := from.OrganizationID
	switch {
	case !s.organization(from):
		return client, owner, nil
	case id == "":
		if id, err = onlyOrganization(ctx, client); err != nil {
			return nil, owner, err
		}
	}
	owner.Stream, owner.Organization = "organization", strings.ToLower(id)
	client, err = api.New(from.Environment, from.Grant.TokenSource(), append(options, api.WithOrganization(id))...)
	return client, owner, err
}

// organization tells whether the organization stream is asked for, and not the dataset stream.
func (s *stream) organization(from *settings.Settings) bool {
	return s.name.value == "organization" || s.name.value == "" && from.OrganizationID != ""
}

// host is where the stream is, with port and path if the URL has them.
func (s *stream) host(from *settings.Settings) string {
	base := from.Environment.DatasetURL
	if s.organization(from) {
		base = from.Environment.OrganizationURL
	}
	u, err := url.Parse(base)
	if err != nil {
		return "" // package api says what is wrong with it
	}
	return strings.TrimSuffix(strings.ToLower(u.Host)+u.Path, "/")
}

// isLoopback tells it of what host returns.
func isLoopback(host string) bool {
	host, _, _ = strings.Cut(host, "/")
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyOrganization looks up the organization of the user. Of several, a person has to choose.
func onlyOrganization(ctx context.Context, client *api.Client) (id string, err error) {
	const advice = "; give the one to read by --organization-id"
	organizations, err := client.Organizations(ctx)
	switch {
	case err != nil:
		return "", err
	case len(organizations) == 0:
		return "", errors.New("no account of the user names an organization" + advice)
	case len(organizations) > 1:
		var ids []string
		for _, organization := range organizations {
			ids = append(ids, organization.ID)
		}
		return "", fmt.Errorf("the user belongs to %d organizations%s: %s", len(ids), advice, strings.Join(ids, ", "))
	}
	return organizations[0].ID, nil
}

// settings reads the settings from the flags first and then from the environment; nil for the embedded sandbox, which
// brings its own.
func (s *stream) settings() (*settings.Settings, error) {
	given := givenSettings(s.flags)
	if !s.sandbox {
		return readSettings(s.flags, s.lookup)
	}
	if len(given) > 0 {
		return nil, misused("--sandbox brings its own settings; leave out --%s",
			strings.Join(slices.Sorted(maps.Values(given)), " and --"))
	}
	return nil, nil
}

// givenSettings are the variables that a flag takes the place of, with the names of the flags.
func givenSettings(flags *pflag.FlagSet) map[string]string {
	given := map[string]string{}
	flags.Visit(func(f *pflag.Flag) {
		if variable := f.Annotations[settingFlag]; variable != nil {
			given[variable[0]] = f.Name
		}
	})
	return given
}

// readSettings reads the settings from the flags first and then from the environment.
func readSettings(flags *pflag.FlagSet, lookup func(string) (string, bool)) (*settings.Settings, error) {
	given := givenSettings(flags)
	found, err := settings.Read(func(variable string) (string, bool) {
		flag, ok := given[variable]
		switch {
		case ok:
			return flags.Lookup(flag).Value.String(), true
		case variable == settings.PrivateKey && given[settings.PrivateKeyFile] != "":
			return "", false // two variables for one setting: the flag goes before both
		}
		return lookup(variable)
	})
	var problems settings.Problems
	if errors.As(err, &problems) {
		for i, problem := range problems {
			if flag, ok := given[problem.Variable]; ok {
				problems[i].Variable = "--" + flag
			}
		}
	}
	if err != nil {
		return nil, usageError{err}
	}
	return found, nil
}

func sandboxSettings(server *sandbox.Server) *settings.Settings {
	who := server.Credentials()
	environment := api.Environment{AuthURL: server.URL(), DatasetURL: server.URL(), OrganizationURL: server.URL()}
	return &settings.Settings{
		Environment: environment,
		Grant: api.JWTGrant{
			IntegrationKey: who.IntegrationKey,
			UserID:         who.UserID,
			PrivateKey:     who.PrivateKey,
			Environment:    environment,
		},
	}
}
