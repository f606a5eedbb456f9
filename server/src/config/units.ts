/** For the bounds of settings: seconds and bytes. */
export const minute = 60;
export const day = 86_400;
export const mebibyte = 1_048_576;
