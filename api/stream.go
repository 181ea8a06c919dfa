package api

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
)

// Environment says where Docusign is. The two that exist are [Demo] and [Production]; keys, users and consents of one
// are unknown to the other. A copy with other URLs points a client at a sandbox or a proxy.
//
// Every URL is https, or http to a loopback address, without query and fragment.
type Environment struct {
	AuthURL         string // the account server, which issues tokens
	DatasetURL      string // the host of the dataset stream
	OrganizationURL string // the host of the organization stream
}

// The environments of Docusign.
var (
	Demo       = Environment{"https://account-d.docusign.com", "https://lens-d.docusign.net", "https://api-d.docusign.com"}
	Production = Environment{"https://account.docusign.com", "https://lens.docusign.net", "https://api.docusign.com"}
)

// baseURL checks a URL of an environment. What it rejects would send a token in the clear or to nowhere.
func baseURL(name, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Hostname() == "", u.Opaque != "", u.User != nil, u.RawQuery != "", u.Fragment != "":
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u):
		return u.JoinPath("/"), nil // the generated code takes the last element off a URL without a final slash
	}
	return nil, fmt.Errorf("docusign: %s must be a plain URL such as https://host (http:// for a loopback address alone)", name)
}

func isLoopback(u *url.URL) bool {
	return u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
}

// userAgent names this module and, in a program built from a released version of it, the version.
var userAgent = func() string {
	const module = "example.com/docusign-monitor"
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && strings.HasPrefix(m.Version, "v") {
				version = m.Version
			}
		}
	}
	return "docusign-monitor/" + version
}()

// stream is what the two streams differ in. All else is the same for both.
type stream struct {
	base    *url.URL                                                                 // of its host
	array   string                                                                   // the name of the events in a page
	request func(server string, cursor *string, limit *int32) (*http.Request, error) // by the generated client
}

func datasetStream(env Environment) (stream, error) {
	base, err := baseURL("the URL of the dataset stream", env.DatasetURL)
	return stream{base, "data", func(server string, cursor *string, limit *int32) (*http.Request, error) {
		return dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor,
			&dataset.GetStreamParams{Cursor: cursor, Limit: limit})
	}}, err
}

func organizationStream(env Environment, id string) (stream, error) {
	var guid types.UUID
	if err := guid.UnmarshalText([]byte(id)); err != nil {
		return stream{}, errors.New("docusign: the organization id is not a GUID")
	}
	base, err := baseURL("the URL of the organization stream", env.OrganizationURL)
	return stream{base, "resultData", func(server string, cursor *string, limit *int32) (*http.Request, error) {
		return organization.NewGetStreamRequest(server, guid, &organization.GetStreamParams{Cursor: cursor, Limit: limit})
	}}, err
}
