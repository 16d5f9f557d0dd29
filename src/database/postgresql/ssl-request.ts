/** What a client may begin with (PostgreSQL manual, "Message Formats", SSLRequest): one letter answers it. */
export const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
