// The names of gRPC's status codes as grpc-go prints them: operators search logs and label metrics by these.

const NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** `Internal` for 13; `Code(42)` for a number that is none. */
export function codeName(code: number): string {
  return NAMES[code] ?? `Code(${code})`;
}
