package sandbox

// Assumptions are answers to questions that no document on the platform answers. Each field is such a question; its zero
// value is the answer that the sandbox gives unless told otherwise. None is a claim about the real service.
//
// Some answers cannot be switched yet:
//
//   - A date cursor seeks by the time of ingestion and reaches to the head of the stream. One in the future is the head.
//   - The endCursor is aa_<ticks>_<ticks>_<n>. It never expires, asking again with it gives the same events, and at the
//     head it comes back unchanged.
//   - A cursor of one stream is refused by the other one, and by that of another organization.
//   - 403 of the dataset stream has no body; that of the organization stream carries {"error"} with a sentence, which for
//     a user without the role is made up. An organization that does not exist is 404.
//   - 400, 401, 404 and 405 of the streams carry {"errorCode","message"}; those of the OAuth endpoints carry
//     {"error","error_description"}, the 401 with the code invalid_token.
//   - An assertion is judged with a minute of tolerance between the clocks. Its aud is one string, or a list of that one
//     string. An exp more than an hour after iat, an iat that is missing, an assertion that is not a JWT, a critical
//     header and a claim that is given twice are refused with no_valid_keys_or_signatures; an iat in the future with
//     expired_grant, since the documents name clock skew there; a scope without signature or without impersonation with
//     consent_required.
//   - A token request that is no form, is too large, or has a parameter in the URL, twice or not at all is refused with
//     invalid_request.
type Assumptions struct {
	// ClampLimit: a limit outside 1..2000 counts as the nearest of the two. Otherwise it is refused with 400.
	ClampLimit bool

	// ExclusiveDates: a date cursor leaves out what was ingested at exactly that time. Otherwise it includes it.
	ExclusiveDates bool

	// BadCursorRestarts: a cursor that is malformed or that this sandbox did not give is taken for none, so that the
	// stream begins seven days ago. Otherwise it is refused with 400. A cursor that is given twice always is.
	BadCursorRestarts bool

	// RefuseVersion2: only /api/v2.0 exists. Otherwise /api/v2 is the same.
	RefuseVersion2 bool
}
