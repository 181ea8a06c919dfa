// Package dataset is the Monitor dataset stream as Go code: the models, a client and a server, generated from
// spec/dataset/openapi.yaml. Package api puts authentication and pagination on top; use this one for the types, or for
// a server of your own.
//
// The generated decoder is lossy where the wire is not: a null and an absent field both become nil, and the order of
// the fields is gone. Whoever needs the bytes that were received takes them from the response, as package api does.
//
// The client decodes an answer by its status and Content-Type. A field such as JSON200 is nil, without an error, if the
// answer was of another type, so look before use. NewGetStreamRequest, unlike the client, wants its server to end in a
// slash.
//
// A strict handler must not return a nil response without an error: the generated code would answer 200 with no body.
// The text of its error goes out with a 500, unless StrictHTTPServerOptions say otherwise. Of the parameters the server
// checks the form alone: not the enum, the bounds or the default.
package dataset
