// Package settings reads what says who asks Docusign, for whom and where: the DOCUSIGN_ variables. The command and the
// contract suite read them by the same rules.
//
// No error holds the value of a variable, since any of them may hold a secret by mistake.
package settings

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"example.com/docusign-monitor/api"
)

// The variables that are read.
const (
	IntegrationKey = "DOCUSIGN_INTEGRATION_KEY"
	UserID         = "DOCUSIGN_USER_ID"
	PrivateKeyFile = "DOCUSIGN_PRIVATE_KEY_FILE"
	PrivateKey     = "DOCUSIGN_PRIVATE_KEY"
	Environment    = "DOCUSIGN_ENVIRONMENT"
	OrganizationID = "DOCUSIGN_ORGANIZATION_ID"
	AuthURL        = "DOCUSIGN_AUTH_URL"
	MonitorURL     = "DOCUSIGN_MONITOR_URL"
	Audience       = "DOCUSIGN_AUDIENCE"
)

// Settings are those of one organization.
type Settings struct {
	// Environment is that of the variable, demo by default, with the URLs that were given in the place of its own.
	Environment api.Environment

	// Grant asks for tokens in that environment. A key that stands in a file has been read once, to say what is wrong
	// with it, and is read again for each token, so that it can be replaced under a running program. Of a pipe, which can
	// be read but once, the grant has the key itself.
	Grant api.JWTGrant

	// OrganizationID is a GUID, or empty if none was given.
	OrganizationID string
}

// Problem is what is wrong with one variable.
type Problem struct {
	Variable string
	Text     string // follows the name of the variable: what is wrong, and what to do
}

// Problems are all that is wrong, in the order in which the variables are documented. It is never empty as an error.
type Problems []Problem

// Error says one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Variable + " " + problem.Text
	}
	return strings.Join(lines, "\n")
}

// Read reads the variables through lookup, which has the form of [os.LookupEnv]. A variable that is set but empty is an
// error, also if it could be left out: it most likely is a substitution that failed, and the default might send requests
// elsewhere. The error is of type [Problems].
func Read(lookup func(name string) (value string, set bool)) (*Settings, error) {
	r := reader{lookup: lookup}

	integrationKey := r.required(IntegrationKey, "the GUID of the integration key", guid)
	user := r.required(UserID, "the GUID of the user on whose behalf to ask", userGUID)
	key, keyFile := r.privateKey()
	environment := r.environment()
	organization := r.optional(OrganizationID, guid)
	if auth := r.optional(AuthURL, plainURL); auth != "" {
		environment.AuthURL = auth
	}
	if monitor := r.optional(MonitorURL, plainURL); monitor != "" {
		environment.DatasetURL, environment.OrganizationURL = monitor, monitor
	}
	audience := r.optional(Audience, bareHost)

	if len(r.problems) > 0 {
		return nil, r.problems
	}
	grant := api.JWTGrant{
		IntegrationKey: integrationKey,
		UserID:         user,
		PrivateKeyFile: keyFile,
		Environment:    environment,
		Audience:       audience,
	}
	if keyFile == "" {
		grant.PrivateKey = key
	}
	return &Settings{Environment: environment, Grant: grant, OrganizationID: organization}, nil
}

// reader collects the problems of all variables.
type reader struct {
	lookup   func(string) (string, bool)
	problems Problems
}

func (r *reader) problem(variable, text string) {
	r.problems = append(r.problems, Problem{variable, text})
}

// required reads a variable that there must be, and checks its value.
func (r *reader) required(name, what string, check func(string) error) string {
	if _, set := r.lookup(name); !set {
		r.problem(name, "is not set; give "+what)
		return ""
	}
	return r.optional(name, check)
}

// optional reads a variable that may be left out, and checks its value.
func (r *reader) optional(name string, check func(string) error) string {
	value, set := r.lookup(name)
	switch {
	case !set:
		return ""
	case strings.TrimSpace(value) == "":
		r.problem(name, "is set but empty; give a value, or unset it")
		return ""
	}
	if err := check(value); err != nil {
		r.problem(name, err.Error())
		return ""
	}
	return value
}

func (r *reader) environment() api.Environment {
	known := map[string]api.Environment{"": api.Demo, "demo": api.Demo, "production": api.Production}
	return known[r.optional(Environment, func(value string) error {
		if _, ok := known[value]; !ok {
			return errors.New("is neither demo nor production; give one of these")
		}
		return nil
	})]
}

// privateKey reads the key from the one of two variables that is set. The file is empty if there is none to read again.
func (r *reader) privateKey() (key *rsa.PrivateKey, again string) {
	_, file := r.lookup(PrivateKeyFile)
	_, inline := r.lookup(PrivateKey)
	switch {
	case file && inline:
		r.problem(PrivateKeyFile, "and "+PrivateKey+" are both set; unset one of them")
	case !file && !inline:
		r.problem(PrivateKeyFile, "is not set; give the file of the integration key's RSA private key, or the key itself in "+PrivateKey)
	case file:
		r.optional(PrivateKeyFile, func(name string) (err error) {
			key, err = readKey(name)
			if info, statErr := os.Stat(name); statErr == nil && info.Mode().IsRegular() {
				again = name
			}
			return err
		})
	default:
		r.optional(PrivateKey, func(pem string) (err error) {
			if !strings.Contains(pem, "-----BEGIN") {
				return errors.New("holds no key in PEM form; give it from BEGIN to END, or name its file in " + PrivateKeyFile)
			}
			key, err = parseKey([]byte(pem))
			return err
		})
	}
	return key, again
}

// maxKeyFile is how much is read of the file of a key, in bytes. A key of 16,384 bits has 13 KB.
const maxKeyFile = 64 << 10

func readKey(name string) (*rsa.PrivateKey, error) {
	if strings.Contains(name, "-----BEGIN") {
		return nil, errors.New("holds a key; give the name of its file, or put the key into " + PrivateKey)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("names a folder; give the file of the private key")
	}
	pem, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case len(strings.TrimSpace(string(pem))) == 0:
		return nil, errors.New("names an empty file; give the file of the private key")
	case len(pem) > maxKeyFile:
		return nil, fmt.Errorf("names a file of more than %d KiB; give the file of the private key", maxKeyFile>>10)
	}
	return parseKey(pem)
}

// unreadable leaves the name of the file out: it may be a key, by mistake.
func unreadable(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("names a file that cannot be read: %w; check its path, and that this user may read it", err)
}

func parseKey(pem []byte) (*rsa.PrivateKey, error) {
	key, err := api.ParsePrivateKey(pem)
	if err != nil {
		return nil, fmt.Errorf("has a key that %s", strings.TrimPrefix(err.Error(), "docusign: the private key "))
	}
	return key, nil
}

var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

func guid(value string) error {
	switch {
	case guidForm.MatchString(value):
		return nil
	case guidForm.MatchString(strings.TrimSpace(value)):
		return errors.New("has white space around its value; remove it")
	default:
		return errors.New("is not a GUID; give 32 hexadecimal digits, grouped 8-4-4-4-12 by hyphens")
	}
}

func userGUID(value string) error {
	if strings.Contains(value, "@") {
		return errors.New("is an e-mail address; give the user's GUID instead")
	}
	return guid(value)
}

// plainURL checks what package api would refuse later: a token must not be sent in the clear, or to nowhere.
func plainURL(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("is not a URL; give one such as https://host")
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("has a colon but no port; give the port, or leave out the colon")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("is not a plain URL; give it without user, query and fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("would send secrets in the clear; give a URL with https (http is for loopback addresses alone)")
	default:
		return errors.New("is not a URL with https; give one such as https://host")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func bareHost(value string) error {
	if strings.ContainsAny(value, "/ \t\r\n") {
		return errors.New("is not a bare host; give one such as account.docusign.com, without scheme and slash")
	}
	return nil
}
