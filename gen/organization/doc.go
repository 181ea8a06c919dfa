// Package organization is the Monitor organization stream as Go code: the models, a client and a server, generated from
// spec/organization/openapi.yaml. Package api puts authentication and pagination on top; use this one for the types, or
// for a server of your own.
//
// A row is a [dataset.Event]: the two streams differ in path, in the name of the array and in what may be null, and
// whoever reads events reads one type. What is said there of decoding, of the client's answers and of strict handlers
// holds here.
//
// The organization is a UUID, of the module that the runtime of every generated client brings anyway; its UnmarshalText
// makes one of a text. The generated server answers 400 to what that cannot parse, and accepts all that it can: braces, a
// leading urn:uuid: and no hyphens too.
package organization
