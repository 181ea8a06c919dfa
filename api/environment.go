package api

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"
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
	Demo = Environment{
		AuthURL:         "https://account-d.docusign.com",
		DatasetURL:      "https://lens-d.docusign.net",
		OrganizationURL: "https://api-d.docusign.com",
	}
	Production = Environment{
		AuthURL:         "https://account.docusign.com",
		DatasetURL:      "https://lens.docusign.net",
		OrganizationURL: "https://api.docusign.com",
	}
)

// baseURL checks a URL of an environment. What it rejects would send a token in the clear or to nowhere.
func baseURL(name, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("docusign: %s is not a URL such as https://host", name)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("docusign: %s must be a plain URL, without user, query or fragment", name)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u):
		return u.JoinPath("/"), nil // the generated code takes the last element off a URL without a final slash
	default:
		return nil, fmt.Errorf("docusign: %s must begin with https:// (http:// is accepted for loopback addresses alone)", name)
	}
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// origin is what a redirect must not leave (RFC 6454).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// userAgent names this module and, in a program built from a released version of it, the version.
var userAgent = func() string {
	module := strings.TrimSuffix(reflect.TypeFor[Client]().PkgPath(), "/api")
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "docusign-monitor/" + version
}()
