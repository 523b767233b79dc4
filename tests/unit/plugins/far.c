int far_number(void);
int far_number(void) {
  return 7;
}
