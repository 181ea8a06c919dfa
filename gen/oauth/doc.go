// Package oauth is what a Monitor client needs of the Docusign account server as Go code: the token endpoint with the JWT
// grant, and the information on the user. Models, a client and a server are generated from spec/oauth/openapi.yaml.
//
// The generated server checks little of a token request: it accepts its parameters from the URL as well as from the
// form, does not look at the enum of grant_type, and takes a body of another type for an empty form. A server that
// should refuse those checks them itself.
package oauth
